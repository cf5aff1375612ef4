//! What the macro writes, as formatted source, and which mistakes it reports together.

use crate::cached;
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
