//! The table of all settings. Everything else about them is generated from it.

use super::{
    config::{Config, Contact, IntoText},
    declare::settings,
    kind::{
        BaseUrl, Bytes, Choice, CommaList, Count, FieldRules, Flag, Folder, Host, Kind, Language,
        List, LogTarget, Maybe, MaybeEmpty, Modules, Networks, Number, OffSeconds, Rate, Seconds,
        Socket, Text, Uris,
    },
    load::Resolver,
    value::{
        Control, ErrorStatus, FieldRule, Front, Listen, Network, PageParams, ResponseFormat, Secret,
    },
    variable::{
        Group,
        Preset::{self, Computed, Text as Is, Unset},
        State, Variable,
    },
};
use crate::{
    LanguageTag,
    logger::{Directives, Format, Level, Rotate},
};
use std::{path::PathBuf, time::Duration};

settings! {
    group Service {
        /// The address to listen on, or `unix:/path` for a Unix socket.
        /// 监听地址；`unix:/path` 表示 Unix 套接字。
        host: Listen as Host = Is("0.0.0.0") => active;
        /// The port to listen on; 0 picks a free one and prints it.
        /// 监听端口；0 表示自动选择空闲端口并打印。
        port: u16 as Number<u16, 0, 65535> = Is("8080") => active;
        /// The prefix of all routes; may be empty.
        /// 所有路由的前缀，可以为空。
        base_url: String as BaseUrl = Is("/flyer") => active;
        /// The version of the service, shown in the docs.
        /// 服务版本，显示在文档中。
        version: String as Text = Is("v1") => active;
        /// The author of the service, shown in the docs.
        /// 服务作者，显示在文档中。
        author: String as Text = Unset => active;
        /// The date of the release, shown in the docs.
        /// 发布日期，显示在文档中。
        release_date: String as Text = Unset => active;
        /// Whether the docs, redoc and openapi.json are served.
        /// 是否提供 docs、redoc 和 openapi.json。
        docs: bool as Flag = Is("1") => active;
        /// The language of texts where the client asks for none that is there.
        /// 客户端未指定语言，或没有其所需语言的文本时使用的语言。
        locale: LanguageTag as Language = Is("zh-CN") => active;
        /// The folder of the locale files, `zh-CN.toml`, `en.toml` and so on; it may be absent.
        /// 语言文件（`zh-CN.toml`、`en.toml` 等）所在目录，可以不存在。
        locales: PathBuf as Folder = Is("locales") => active;
        /// Whether the causes of 5xx answers are shown to the client.
        /// 是否向客户端显示 5xx 错误的原因。
        debug: bool as Flag = Is("0") => active;
    }
    group Process {
        /// Whether the service is rebuilt and restarted when its source changes.
        /// 源码变化时是否重新构建并重启，仅用于开发环境。
        reload: bool as Flag = Is("0") => planned("a later version");
        /// The number of worker processes.
        /// 工作进程数量。
        workers: usize as Count<1, 1024> = Is("1") => active;
        /// Whether a supervisor process runs the workers and replaces them; 0 is one process alone.
        /// 是否由主控进程管理并更换工作进程；0 表示只有一个进程。
        supervisor: Option<bool> as Maybe<Flag> = Computed("1; on a terminal with one worker 0") => active;
        /// The socket of `fastflyer ctl`, or `off`.
        /// `fastflyer ctl` 使用的套接字；`off` 表示关闭。
        ctl_socket: Control as Socket = Computed("PID.sock in the runtime folder of the user") => active;
        /// Whether `{base}/state` shows the workers.
        /// 是否提供 `{base}/state` 以查看工作进程状态。
        state_page: bool as Flag = Is("0") => active;
        /// Whether `{base}/tasks/ui` shows the jobs to operators; it can change them like the other operations on jobs.
        /// 是否提供供运维使用的任务页面 `{base}/tasks/ui`；它与任务接口一样可以更改任务。
        tasks_page: bool as Flag = Is("1") => active;
        /// The number of event loops in each worker.
        /// 每个工作进程的事件循环数量。
        event_loops: usize as Count<1, 1024> = Computed("cores available / workers, at least 1") => active;
        /// The size of the thread pool that runs plain `fn` handlers.
        /// 运行同步处理函数的线程池大小。
        threads: usize as Count<5, 10_000> = Is("5") => active;
        /// The size of the thread pool of background tasks.
        /// 后台任务线程池大小。
        background_threads: usize as Count<1, 10_000> = Is("10") => active;
        /// The folder of the locks and the history of jobs, of a service that has some; the locks are in Redis where that is set.
        /// 任务的锁和运行记录所在目录，仅在服务有任务时使用；设置了 Redis 时锁保存在 Redis 中。
        job_path: PathBuf as Folder = Is("data/jobs") => active;
        /// The most connections that a worker holds at a time.
        /// 每个工作进程的最大并发连接数。
        worker_connections: usize as Count<1, 1_000_000> = Is("1000") => active;
        /// The most connections that one client (an IPv4 address, an IPv6 /64) holds at a time; more are closed at once. Behind a proxy all clients share its address.
        /// 单个客户端（IPv4 地址或 IPv6 /64 网段）的最大并发连接数，超出的连接会被立即关闭；在代理之后所有客户端共用代理的地址。
        client_connections: Option<usize> as Maybe<Count<1, 1_000_000>> = Unset => active;
        /// Whether a worker is replaced after `flyer_max_requests` requests.
        /// 是否在处理 `flyer_max_requests` 个请求后更换工作进程。
        enable_max_requests: bool as Flag = Is("0") => active;
        /// After how many requests a worker is replaced; 0 is threads x 200.
        /// 工作进程处理多少个请求后被更换；0 表示线程数 x 200。
        max_requests: u64 as Number<u64, 0, { u64::MAX }> = Is("0") => active;
        /// The most that is added to `flyer_max_requests` at random.
        /// 随机加到 `flyer_max_requests` 上的最大值。
        max_requests_jitter: u64 as Number<u64, 0, { u64::MAX }> = Is("0") => active;
        /// After what time without an answer of its event loop a worker is replaced; 0 is never.
        /// 事件循环超过该时间无响应则更换工作进程；0 表示关闭。
        timeout: Option<Duration> as OffSeconds = Is("60") => active;
        /// The longest time that requests in flight have to end when the service stops.
        /// 停止服务时等待处理中请求完成的最长时间，生产环境建议 10 秒以上。
        graceful_timeout: Duration as Seconds = Is("1") => active;
        /// How long an idle keep-alive connection is held.
        /// 空闲长连接的保持时间。
        keepalive: Duration as Seconds = Is("5") => active;
    }
    group Logging {
        /// The level of the console.
        /// 控制台日志级别。
        console_log_level: Level as Choice<Level> = Is("info") => active;
        /// The level of the log file.
        /// 日志文件的日志级别。
        file_log_level: Level as Choice<Level> = Is("info") => active;
        /// Levels per module, for instance `info,app::items=debug`.
        /// 按模块设置日志级别，例如 `info,app::items=debug`。
        log: Directives as Modules = Unset => active, else ["RUST_LOG"];
        /// What log lines look like.
        /// 日志格式。
        log_format: Format as Choice<Format> = Is("text") => active;
        /// The folder of `error.log`; one that cannot be written gives a warning and console only.
        /// `error.log` 所在目录；不可写时给出警告并只输出到控制台。
        log_path: PathBuf as Folder = Is("logs") => active;
        /// What begins a new log file, of `error.log` and of the access log: each day and `flyer_log_max_size`, that size only, or nothing.
        /// 何时更换日志文件（`error.log` 和请求日志文件）：每天及达到 `flyer_log_max_size`、仅按大小、或从不。
        log_rotate: Rotate as Choice<Rotate> = Is("day") => active;
        /// The size at which a log file is put aside.
        /// 单个日志文件的最大字节数，达到后更换。
        log_max_size: usize as Bytes = Is("100MiB") => active;
        /// How many old log files are kept, as `error.log.1`, `error.log.2` and so on.
        /// 保留的旧日志文件数量，如 `error.log.1`、`error.log.2`。
        log_keep: usize as Count<1, 1000> = Is("7") => active;
        /// Whether requests are logged.
        /// 是否记录请求日志。
        access_log: bool as Flag = Is("1") => active;
        /// The file of the access log; `-` is standard output.
        /// 请求日志文件；`-` 表示标准输出。
        access_logfile: Option<PathBuf> as LogTarget = Is("-") => active;
        /// Path prefixes of requests that are not logged; empty excludes nothing.
        /// 不记录请求日志的路径前缀；设为空则全部记录。
        access_log_exclude_uris: Vec<String> as Uris = Computed("/health_check,{base}/health_check") => active;
        /// How many bytes of a body the access log shows.
        /// 请求日志中正文的最大长度。
        max_body_log_length: usize as Count<0, 67_108_864> = Is("4096") => active;
        /// How many bytes of the parameters the access log shows.
        /// 请求日志中参数的最大长度。
        max_params_log_length: usize as Count<0, 67_108_864> = Is("2048") => active;
        /// How many bytes of the headers the access log shows.
        /// 请求日志中头部的最大长度。
        max_headers_log_length: usize as Count<0, 67_108_864> = Is("2048") => active;
        /// Whether outgoing requests of the HTTP client are logged.
        /// 是否记录 HTTP 客户端发出的请求。
        request_log: bool as Flag = Is("1") => active;
    }
    group Requests {
        /// Whether JSON bodies are accepted without the Content-Type header.
        /// 是否接受没有 Content-Type 头的 JSON 正文。
        accept_json_without_content_type: bool as Flag = Is("0") => active;
        /// The largest body of a request; more is answered with 413.
        /// 请求正文的最大字节数，超过则返回 413。
        body_limit: usize as Bytes = Is("2MiB") => active;
        /// The longest time that the head of a request may take; then 408.
        /// 接收请求头的最长时间，超过则返回 408。
        header_timeout: Option<Duration> as OffSeconds = Is("10s") => active;
        /// The longest time that an answer may take; then 504.
        /// 处理请求的最长时间，超过则返回 504。
        request_timeout: Option<Duration> as OffSeconds = Is("off") => active;
        /// The networks and addresses whose X-Forwarded-For is believed.
        /// 信任其 X-Forwarded-For 的网段或地址。
        trusted_proxies: Vec<Network> as Networks = Unset => active;
        /// The origins that CORS allows.
        /// CORS 允许的来源。
        cors_origins: Vec<String> as CommaList = Unset => planned("a later version");
        /// How many requests a client may send, for instance `100/s`; then 429.
        /// 每个客户端的请求频率上限，例如 `100/s`，超过则返回 429。
        rate_limit: Option<String> as Maybe<Rate> = Unset => planned("a later version");
    }
    group Access {
        /// Whether basic authentication is asked for.
        /// 是否启用 Basic 认证。
        auth_enable: bool as Flag = Is("0") => active;
        /// The user of the basic authentication.
        /// Basic 认证的用户名。
        auth_user: String as Text = Unset => active;
        /// The password of the basic authentication.
        /// Basic 认证的密码。
        auth_pass: Secret as Secret = Unset => active;
        /// Whether `{base}/metrics` is served.
        /// 是否提供 `{base}/metrics`。
        metrics: bool as Flag = Is("0") => planned("a later version");
    }
    group Responses {
        /// The shape of all answers.
        /// 所有响应的格式。
        response_format: ResponseFormat as Choice<ResponseFormat> = Is("standard") => active;
        /// The HTTP status of failures: that of the code, or always 200 or 500.
        /// 失败响应的 HTTP 状态码：与返回码一致，或固定为 200、500。
        response_error_status: Option<ErrorStatus> as Maybe<Choice<ErrorStatus>> = Computed("strict; in the flyer format 200 for most") => active;
        /// New names for fields of the answers, `-` hides one: `message=msg,data.data=data.list,error=-`.
        /// 响应字段的别名，`-` 表示隐藏：`message=msg,data.data=data.list,error=-`。
        response_fields: Vec<FieldRule> as FieldRules = Unset => active;
        /// What is added to failure codes below 1000.
        /// 加到小于 1000 的失败返回码上的基数。
        status_code_base: u32 as Number<u32, 0, 1_000_000_000> = Is("0") => active;
        /// The query parameters by which clients ask for a page (`Pagination`), and which its links have.
        /// 客户端请求分页时使用的查询参数（`Pagination`），分页链接也使用它们。
        page_params: PageParams as Choice<PageParams> = Is("page,per_page") => active;
    }
    group Transport {
        /// What reads the requests: the fast loop for plain ones with hyper behind it, or hyper for all.
        /// 由谁读取请求：fast 以快速循环处理普通请求、其余交给 hyper；hyper 处理全部请求。
        front: Front as Choice<Front> = Is("fast") => active;
        /// The file of the TLS certificate chain, PEM.
        /// TLS 证书链文件（PEM）。
        tls_cert: Option<String> as Maybe<Text> = Unset => with("tls");
        /// The file of the TLS key, PEM.
        /// TLS 私钥文件（PEM）。
        tls_key: Option<String> as Maybe<Text> = Unset => with("tls");
        /// Whether HTTP/2 is spoken.
        /// 是否支持 HTTP/2。
        http2: bool as Flag = Is("0") => with("http2");
    }
    group Telemetry {
        /// Whether traces, metrics and logs are exported by OTLP.
        /// 是否通过 OTLP 上报监控数据。
        opentelemetry_enabled: bool as Flag = Is("0") => feature("otel");
        /// The address of the OTLP collector.
        /// OTLP 上报地址。
        opentelemetry_endpoint: Option<String> as Maybe<Text> = Unset => feature("otel"), else ["OTEL_EXPORTER_OTLP_ENDPOINT"];
        /// The name under which the service reports.
        /// 上报的应用名称。
        opentelemetry_service_name: Option<String> as Maybe<Text> = Computed("the title of the app without spaces") => feature("otel");
        /// The tenant, as attribute `tps.tenant.id`; may be empty.
        /// 租户 ID，即属性 `tps.tenant.id`，可以为空。
        opentelemetry_tenant_id: Option<String> as Maybe<MaybeEmpty> = Unset => feature("otel"), else ["TPS_TENANT_ID"];
        /// Whether requests of the HTTP client are traced.
        /// 是否跟踪 HTTP 客户端请求。
        opentelemetry_http_enabled: bool as Flag = Is("1") => feature("otel");
        /// Whether Kafka messages are traced.
        /// 是否跟踪 Kafka 消息。
        opentelemetry_kafka_enabled: bool as Flag = Is("1") => feature("otel");
        /// Whether SQL statements are traced.
        /// 是否跟踪 SQL 语句。
        opentelemetry_sqlachemy_enabled: bool as Flag = Is("1") => feature("otel"), or ["flyer_opentelemetry_sqlalchemy_enabled"];
        /// Whether Redis commands are traced.
        /// 是否跟踪 Redis 命令。
        opentelemetry_redis_enabled: bool as Flag = Is("1") => feature("otel");
        /// Whether spans of a request are reduced to the most important.
        /// 是否精简单个请求的跟踪数据。
        opentelemetry_reduce_request_trace: bool as Flag = Is("0") => feature("otel");
    }
    group Mcp {
        /// Whether the MCP endpoint is served.
        /// 是否启用 MCP 服务。
        mcp_enabled: bool as Flag = Is("0") => feature("mcp");
        /// The tags whose operations are tools.
        /// 按标签指定暴露给 MCP 的接口。
        mcp_include_tags: Vec<String> as List = Unset => feature("mcp");
        /// The tags whose operations are no tools.
        /// 按标签从 MCP 屏蔽的接口。
        mcp_exclude_tags: Vec<String> as List = Unset => feature("mcp");
        /// The operations that are tools.
        /// 指定暴露给 MCP 的接口 ID。
        mcp_include_operations: Vec<String> as List = Unset => feature("mcp");
        /// The operations that are no tools.
        /// 指定从 MCP 屏蔽的接口 ID。
        mcp_exclude_operations: Vec<String> as List = Unset => feature("mcp");
        /// The host names under which the endpoint may be asked.
        /// MCP 允许的 Host。
        mcp_hosts: Vec<String> as List = Unset => feature("mcp");
        /// The origins of pages that may ask the endpoint.
        /// MCP 允许的 Origin。
        mcp_origins: Vec<String> as List = Unset => feature("mcp");
    }
    group Redis {
        /// The URL of Redis; wins over the single parts.
        /// Redis 地址，优先于各单项设置。
        redis_url: Secret as Secret = Unset => with("redis");
        /// The host of Redis.
        /// Redis 主机。
        redis_host: Option<String> as Maybe<Text> = Unset => with("redis");
        /// The port of Redis.
        /// Redis 端口。
        redis_port: u16 as Number<u16, 1, 65535> = Is("6379") => with("redis");
        /// The password of Redis.
        /// Redis 密码。
        redis_pass: Secret as Secret = Unset => with("redis");
        /// The number of the Redis database.
        /// Redis 库编号。
        redis_db: Option<u32> as Maybe<Number<u32, 0, 100_000>> = Computed("10 for locks, 1 for the pool") => with("redis");
    }
    group Database {
        /// The URL of the database (mysql, postgres, sqlite); wins over the single parts.
        /// 数据库地址（mysql、postgres、sqlite），优先于各单项设置。
        db_url: Secret as Secret = Unset => feature("db");
        /// The user of the database.
        /// 数据库用户。
        db_user: String as Text = Is("root") => feature("db");
        /// The password of the database.
        /// 数据库密码。
        db_pass: Secret as Secret = Unset => feature("db");
        /// The host of the database.
        /// 数据库主机。
        db_host: String as Text = Is("localhost") => feature("db");
        /// The port of the database.
        /// 数据库端口。
        db_port: u16 as Number<u16, 1, 65535> = Is("3306") => feature("db");
        /// The name of the database.
        /// 数据库名。
        db_name: String as Text = Is("flyer") => feature("db");
        /// The character set of the connection; `utf8` means `utf8mb4`.
        /// 连接字符集；`utf8` 即 `utf8mb4`。
        db_chartset: String as Text = Is("utf8mb4") => feature("db"), or ["flyer_db_charset"];
        /// After how many seconds a connection of the pool is replaced.
        /// 连接池中连接的回收时间（秒）。
        db_recycle_rate: Duration as Seconds = Is("900") => feature("db");
        /// The size of the connection pool.
        /// 连接池大小。
        db_pool_size: usize as Count<1, 10_000> = Is("32") => feature("db");
    }
    without_effect {
        /// Loading the application before the workers are started.
        /// 启动工作进程前预加载应用。
        "flyer_preload" because "the program is one binary: nothing is loaded later";
        /// The folder of the applications.
        /// 应用目录。
        "flyer_app_dir" because "the folders of src/app are compiled in by apps!";
        /// Replacing a worker that uses too much memory.
        /// 内存过高时自动更换工作进程。
        "flyer_auto_reload" because "there is no interpreter whose memory grows; use flyer_max_requests";
        /// The share of memory at which a worker was replaced.
        /// 触发更换工作进程的内存占比。
        "flyer_max_mem_usage_rate" because "it belongs to flyer_auto_reload";
        /// Traces of a second SQL client.
        /// 第二个 SQL 客户端的跟踪。
        "flyer_opentelemetry_pymysql_enabled" because "there is one SQL client; use flyer_opentelemetry_sqlachemy_enabled";
        /// Tencent's Polaris service discovery.
        /// 北极星服务发现。
        "flyer_polaris_*" because "Tencent's own services are not carried over";
    }
}
