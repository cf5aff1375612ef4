//! `apps!("src/app")`: one module and one entry per folder, found at compile time.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::{fs, path::Path};
use syn::{Error, Item, LitStr, Visibility};

pub(crate) fn lower(input: TokenStream) -> TokenStream {
    let folder: LitStr = match syn::parse2(input) {
        Ok(folder) => folder,
        Err(error) => {
            return Error::new(error.span(), "expected the folder: `apps!(\"src/app\")`")
                .to_compile_error();
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a macro by this variable where the package is"
    )]
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let root = Path::new(&package).join(folder.value());
    match expand(&root, &folder) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.to_compile_error();
            quote! {
                #error
                /// The apps of this project.
                pub fn apps() -> ::std::vec::Vec<::fastflyer::AppEntry> { ::std::vec::Vec::new() }
            }
        }
    }
}

fn expand(root: &Path, folder: &LitStr) -> Result<TokenStream, Error> {
    let fail = |text: String| Error::new(folder.span(), text);
    let entries = fs::read_dir(root).map_err(|error| {
        fail(format!(
            "cannot read the folder `{}` beside Cargo.toml: {error}",
            folder.value()
        ))
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry =
            entry.map_err(|error| fail(format!("cannot read {}: {error}", root.display())))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with(['.', '_']) {
            names.push(name);
        }
    }
    names.sort();
    let mut private: Option<Error> = None;
    let mut modules = Vec::new();
    let mut apps = Vec::new();
    for name in &names {
        let ident: Ident = syn::parse_str(name).map_err(|_| {
            fail(format!(
                "the folder `{name}` cannot be an app: its name must be a Rust module name"
            ))
        })?;
        let ident = Ident::new(&ident.to_string(), folder.span());
        let base = root.join(name);
        let file = ["mod.rs", "router.rs"]
            .map(|file| base.join(file))
            .into_iter()
            .find(|file| file.exists());
        let file = file.ok_or_else(|| {
            fail(format!(
                "the app `{name}` has neither mod.rs nor router.rs in {}",
                base.display()
            ))
        })?;
        for item in private_parts(&file) {
            let text = format!(
                "the app `{name}` has a private `{item}`, which says nothing: write `pub {item}`"
            );
            match &mut private {
                Some(error) => error.combine(fail(text)),
                None => private = Some(fail(text)),
            }
        }
        let file = file.to_string_lossy().into_owned();
        modules.push(quote! {
            #[path = #file]
            pub mod #ident;
        });
        apps.push(entry(&ident, name));
    }
    if let Some(private) = private {
        return Err(private);
    }
    Ok(quote! {
        #(#modules)*

        /// The apps of this project, in the order of their names.
        pub fn apps() -> ::std::vec::Vec<::fastflyer::AppEntry> {
            ::std::vec![#(#apps),*]
        }
    })
}

/// What an app's file declares for `apps!` but keeps to itself: a glob import would pass over it in
/// silence. A file that cannot be parsed is the compiler's to explain.
fn private_parts(file: &Path) -> Vec<String> {
    let source = fs::read_to_string(file).unwrap_or_default();
    let items = syn::parse_file(&source)
        .map(|file| file.items)
        .unwrap_or_default();
    let mut found = Vec::new();
    for item in items {
        let (visibility, name, text) = match &item {
            Item::Const(item) => (&item.vis, &item.ident, format!("const {}", item.ident)),
            Item::Fn(item) => (&item.vis, &item.sig.ident, format!("fn {}", item.sig.ident)),
            _ => continue,
        };
        let ours = [
            "ENABLED",
            "AUTH_ENABLED",
            "router",
            "jobs",
            "on_startup",
            "on_shutdown",
        ];
        if ours.iter().any(|known| name == known) && !matches!(visibility, Visibility::Public(_)) {
            found.push(text);
        }
    }
    found
}

/// What the app's module says, or the default where it says nothing: the inner glob import shadows
/// the outer one.
fn entry(ident: &Ident, name: &str) -> TokenStream {
    let look = |item: TokenStream| {
        quote! {{
            #[allow(unused_imports)]
            use ::fastflyer::app_defaults::*;
            {
                #[allow(unused_imports)]
                use self::#ident::*;
                #item
            }
        }}
    };
    let enabled = look(quote!(ENABLED));
    let auth = look(quote!(AUTH_ENABLED));
    let router = look(quote!(::fastflyer::app_defaults::router_option(router)));
    let startup = look(quote!(::fastflyer::app_defaults::hook_option(on_startup)));
    let shutdown = look(quote!(::fastflyer::app_defaults::hook_option(on_shutdown)));
    let jobs = look(quote!(jobs));
    quote! {{
        let mut app = ::fastflyer::AppEntry::new(#name);
        app.enabled = #enabled;
        app.auth_enabled = #auth;
        app.router = #router;
        app.on_startup = #startup;
        app.on_shutdown = #shutdown;
        ::fastflyer::app_defaults::with_jobs(app, #jobs)
    }}
}
