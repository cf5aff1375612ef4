//! What the macro writes, as formatted source, and which mistakes it reports together.

use crate::{
    cached,
    job::{self, Kind},
    times,
};
use proc_macro2::TokenStream;
use quote::quote;

fn lower(attribute: TokenStream, item: TokenStream) -> String {
    let tokens = cached::lower(&quote!(::fastkit), attribute, item);
    let text = tokens.to_string();
    match syn::parse2(tokens) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("the expansion is no source: {error}: {text}"),
    }
}

#[test]
fn a_plain_function_with_all_its_arguments_as_key() {
    insta::assert_snapshot!(lower(
        quote!(),
        quote! {
            /// Documented.
            #[cfg(unix)]
            pub(crate) fn find(id: u64, mut name: String, tags: &[Tag]) -> Option<Item> {
                name.push('x');
                search(id, name, tags)
            }
        }
    ));
}

#[test]
fn an_async_method_with_a_template_and_failures() {
    insta::assert_snapshot!(lower(
        quote!(
            ttl = "5m",
            key = "shop:{self.name}/{page:03}",
            pool = "shops",
            negative = 5
        ),
        quote! {
            async fn goods(&self, page: u32) -> Result<Vec<Good>, Error> {
                self.load(page).await
            }
        }
    ));
}

#[test]
fn a_function_that_is_loaded_ahead() {
    insta::assert_snapshot!(lower(
        quote!(
            ttl = TTL,
            key = (tenant.id, day),
            max_size = 10,
            policy = "lru",
            refresh_ahead = "500ms"
        ),
        quote! {
            async fn report(tenant: Tenant, day: Date) -> Report {
                build(tenant, day).await
            }
        }
    ));
}

#[test]
fn a_function_whose_values_are_kept_elsewhere() {
    insta::assert_snapshot!(lower(
        quote!(backend = REDIS, key = "user:{id}"),
        quote! {
            pub async fn user(id: u64) -> Option<User> {
                load(id).await
            }
        }
    ));
}

#[test]
fn a_method_of_the_framework_finds_its_toolkit() {
    let tokens = cached::lower(
        &quote!(::fastflyer::fastkit),
        quote!(key = "all"),
        quote!(
            fn all() -> u8 {
                1
            }
        ),
    );
    let text = tokens.to_string().replace(' ', "");
    assert!(text.contains("use::fastflyer::fastkit::cache::privateas__rt;"));
    assert!(!text.contains("use::fastkit"), "{text}");
}

#[test]
fn all_mistakes_are_reported_and_the_function_stays() {
    let text = lower(
        quote!(
            ttl = 0,
            refresh_ahead = 5,
            maxsize = 3,
            key,
            pool = "",
            ttl = 7
        ),
        quote! {
            const fn wrong<T>(a: &mut u8, (b, c): (u8, u8), d: impl Copy) -> impl Copy {
                1
            }
        },
    );
    for part in [
        "`maxsize` is no option of cached; the bound is called `max_size`",
        "`key` needs a value",
        "`pool` is a text that is not empty",
        "`ttl` stands here twice",
        "of values that never end does nothing",
        "type parameters cannot be cached",
        "a `const fn` is worked out without a cache",
        "a function that changes its argument",
        "needs a name, or the function a key",
        "`impl Trait` arguments",
        "needs a type with a name",
        "it needs owned arguments",
        "const fn wrong<T>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn lower_job(kind: Kind, attribute: TokenStream, item: TokenStream) -> String {
    let tokens = job::lower(kind, &quote!(::fastkit), attribute, item);
    let text = tokens.to_string();
    match syn::parse2(tokens) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("the expansion is no source: {error}: {text}"),
    }
}

/// The messages of `compile_error!` in an expansion.
fn job_errors(kind: Kind, attribute: TokenStream, item: TokenStream) -> Vec<String> {
    let text = lower_job(kind, attribute, item);
    assert!(text.contains("impl ::fastkit::executor::Declare"), "{text}");
    let file = syn::parse_file(&text).unwrap();
    let messages = file.items.iter().filter_map(|item| match item {
        syn::Item::Macro(item) => Some(item.mac.parse_body::<syn::LitStr>().unwrap().value()),
        _ => None,
    });
    messages.collect()
}

#[test]
fn an_asynchronous_job() {
    insta::assert_snapshot!(lower_job(
        Kind::Scheduled,
        quote!(
            interval = "5s",
            aligned,
            single_job,
            name = "问候",
            args = ["a", 1],
            timeout = "10m"
        ),
        quote! {
            /// Documented.
            #[cfg(unix)]
            pub(crate) async fn hello(run: Run, Args((name, count)): Args<(String, u64)>) -> Result<(), Error> {
                greet(run, name, count).await
            }
        }
    ));
}

#[test]
fn a_plain_job_with_several_times() {
    insta::assert_snapshot!(lower_job(
        Kind::Scheduled,
        quote!(
            cron = "0 8 * * mon-fri",
            at = "2026-12-01 08:00:00",
            trigger = Trigger::interval(EVERY),
            timezone = "Asia/Shanghai",
            start = "2026-11-01 00:00:00",
            end = LAST,
            id = "report",
            coalesce = false,
            misfire_grace_time = None,
        ),
        quote! {
            fn report() {}
        }
    ));
}

#[test]
fn a_task_in_the_background() {
    insta::assert_snapshot!(lower_job(
        Kind::Background,
        quote!(single_job, lock_ttl = 30),
        quote! {
            fn watch(run: Run) {}
        }
    ));
}

#[test]
fn a_job_of_the_framework_finds_its_toolkit() {
    let tokens = job::lower(
        Kind::Scheduled,
        &quote!(::fastflyer::fastkit),
        quote!(interval = 5),
        quote!(
            fn hello() {}
        ),
    );
    let text = tokens.to_string();
    assert!(
        text.contains(":: fastflyer :: fastkit :: executor"),
        "{text}"
    );
    assert!(
        !text
            .replace(":: fastflyer :: fastkit", "")
            .contains(":: fastkit"),
        "{text}"
    );
}

#[test]
fn all_mistakes_of_a_job_are_reported_together() {
    let errors = job_errors(
        Kind::Scheduled,
        quote!(
            interval = 0,
            cron = "60 8 * * fry",
            every = 5,
            id = "a b",
            paused = 1,
            paused
        ),
        quote! {
            fn hello<T>(run: &Run) {}
        },
    );
    assert_eq!(
        errors,
        [
            "an `interval` of 0 is not allowed: at least a millisecond",
            "in the cron expression \"60 8 * * fry\" the minute is \"60\": expected a number from 0 to 59",
            "in the cron expression \"60 8 * * fry\" the weekday is \"fry\": expected a number from 0 to 7 or from sun to sat",
            "`every` is no option of scheduled; write `interval = \"5s\"`: known are interval, aligned, cron, at, trigger, id, name, args, single_job, misfire_grace_time, coalesce, max_instances, jitter, start, end, timezone, timeout, lock_ttl, paused, protected",
            "\"a b\" cannot be the `id`: expected 1 to 128 of `A-Z a-z 0-9 . _ ~ -`, so that it survives a URL",
            "`paused` is on or off: `paused`, `paused = true` or `paused = false`",
            "`paused` stands here twice",
            "a job has no type parameters: nobody would choose the types",
            "a job owns its arguments: `Run`, `Args<T>`, or in a service `State<T>`",
        ]
    );
}

#[test]
fn mistakes_of_a_task_are_reported_together() {
    let errors = job_errors(
        Kind::Background,
        quote!(id = "watch", cron = "0 8 * * *", lock_ttl = 0),
        quote! {
            async fn watch() {}
        },
    );
    assert_eq!(
        errors,
        [
            "`id` is no option of background; a task has a `name`: known are name, args, single_job, lock_ttl",
            "`cron` is no option of background; that is one of scheduled: known are name, args, single_job, lock_ttl",
            "a `lock_ttl` of 0 is not allowed: no run could end well",
            "a background task has a thread of its own, which an `async fn` would not use: write a plain `fn`, or `#[scheduled(..)]` on this one",
        ]
    );
}

#[test]
fn what_a_calendar_has_to_judge_passes() {
    for text in [
        "*/5 * * * *",
        "0 0 8 1,15 * ?",
        "0 0 L * *",
        "0 8 * jan-mar MON,FRI",
        "0 8 15W * fri#2",
        "0 8 * * friL",
        "0 22-2 * * *",
        "@daily",
    ] {
        assert_eq!(times::cron(text), Vec::<String>::new(), "{text}");
    }
    for (text, wrong) in [
        ("", "has 0 fields"),
        ("* * * * * * *", "has 7 fields"),
        ("0 0 25 * * *", "the hour is \"25\""),
        ("0 8 0 * *", "the day is \"0\""),
        ("0 8 * 13 *", "the month is \"13\""),
        ("0 8 * * 8", "the weekday is \"8\""),
        ("*/0 8 * * *", "a step of 0"),
        ("-5 8 * * *", "the minute is \"\""),
    ] {
        let problems = times::cron(text).join("\n");
        assert!(problems.contains(wrong), "{text:?}: {problems}");
    }
    assert!(times::is_date("2026-12-01 08:00:00+08:00"));
    assert!(!times::is_date("2026-12-01"));
    assert!(!times::is_date("2026-12-32 08:00:00"));
}
