//! 演示项目：由 `src/app` 下的应用组成的一个 API 服务。
//!
//! `src/app` 的每个子目录是一个应用，框架自动发现并加载；新增应用只需新建目录，无需修改本文件。

use fastflyer::prelude::*;

pub mod settings;

fastflyer::apps!("src/app");

/// 完整的服务：配置、全部应用，以及接口之间共享的状态。
pub fn app() -> FlyerApi {
    app_with(settings::config())
}

/// 使用指定的配置组装服务，便于测试。
pub fn app_with(config: Config) -> FlyerApi {
    FlyerApi::new(config)
        .load(apps())
        // 接口用 `State<Store>` 取得这份状态；忘记提供时服务拒绝启动并说明是哪个接口需要。
        .state(shop::store::Store::with_samples())
}
