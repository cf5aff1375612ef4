//! `#[cached]`: the function becomes one that looks into a pool first.

use crate::{
    options::{Key, Options},
    template,
};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{
    Error, Expr, FnArg, Ident, ItemFn, Lifetime, Pat, Receiver, ReceiverKind, Result, ReturnType,
    Signature, Type, TypeImplTrait, TypeReference,
    ext::IdentExt as _,
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// What the attribute becomes, with `krate` as the path of fastkit. Mistakes leave the function as it
/// is, beside the errors, so that the rest of the program is checked too.
pub(crate) fn lower(krate: &TokenStream, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = "cached keeps what a function returns: write it on a `fn` or an `async fn` with a body";
            let error = Error::new(item.span(), message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let options: Options = match syn::parse2(attribute) {
        Ok(options) => options,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#error #function);
        }
    };
    match expand(krate, options, &function) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #function)
        }
    }
}

/// An argument, as far as keys are concerned.
struct Argument<'a> {
    name: &'a Ident,
    kind: &'a Type,
}

fn expand(krate: &TokenStream, mut options: Options, function: &ItemFn) -> Result<TokenStream> {
    let mut errors = std::mem::take(&mut options.errors);
    check_signature(function, &options, &mut errors);
    let arguments = arguments(function, &options, &mut errors);
    let is_method = function.sig.receiver().is_some();
    let key = match key(&options, &arguments, is_method) {
        Ok(key) => key,
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    if let Some(error) = errors.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    }) {
        return Err(error);
    }

    if let Some(backend) = &options.backend {
        return Ok(remote(krate, &options, backend, function, &key, &arguments));
    }
    let site = site(&options, function);
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    let returned = match &sig.output {
        ReturnType::Type(_, kind) => kind,
        ReturnType::Default => return Err(Error::new(sig.span(), NOTHING)),
    };
    let shape = quote_spanned!(returned.span()=> (&&&__rt::Probe::<#returned>::TYPE).shape());
    let negative = options
        .negative
        .is_some()
        .then(|| quote_spanned!(returned.span()=> __rt::keeps_failures(&__shape);));
    let (loader, load) = if sig.asyncness.is_some() {
        (
            quote!(move || __rt::returns(&__kind, async move #block)),
            quote!(__SITE.load(__shape, &__key, __load).await),
        )
    } else {
        (
            quote!(move || -> #returned #block),
            quote!(__SITE.load_blocking(__shape, &__key, __load)),
        )
    };
    let look = if options.refresh_ahead.is_some() {
        let refresh = if sig.asyncness.is_some() {
            quote!(refresh)
        } else {
            quote!(refresh_blocking)
        };
        quote! {
            match __SITE.look_ahead(&__shape, &__key) {
                __rt::Found::Fresh(__value) => __value,
                __rt::Found::Ending(__value, __ahead) => {
                    __SITE.#refresh(__shape, __key, __ahead, __load);
                    __value
                }
                __rt::Found::Nothing => #load,
            }
        }
    } else {
        quote! {
            match __SITE.look(&__shape, &__key) {
                ::core::option::Option::Some(__value) => __value,
                ::core::option::Option::None => #load,
            }
        }
    };

    let (mut invalidate, doc) = invalidation(function, syn::parse_quote!(-> bool));
    invalidate.asyncness = None;
    let conditions = conditions(function);
    let names = arguments.iter().map(|argument| argument.name);
    Ok(quote! {
        #(#attrs)*
        #vis #sig {
            use #krate::cache::private as __rt;
            #[allow(unused_imports)]
            use #krate::cache::private::{ViaAlways as _, ViaCommon as _, ViaOwn as _};
            #site
            let __shape = #shape;
            #negative
            let __key = #key;
            let __kind = __shape;
            let __load = #loader;
            #look
        }

        #conditions
        #[doc = #doc]
        #[allow(dead_code, unused_mut, unused_variables, clippy::all, clippy::pedantic)]
        #vis #invalidate {
            use #krate::cache::private as __rt;
            #site
            let _ = (#(&#names,)*);
            __SITE.forget(&#key)
        }
    })
}

const CHANGES: &str = "a function that changes its argument cannot be cached: the change would happen at the first call only";
const NOTHING: &str = "a function that returns nothing has nothing to keep";

/// The signature of the function that removes a value, and its documentation.
fn invalidation(function: &ItemFn, output: ReturnType) -> (Signature, String) {
    let mut invalidate = function.sig.clone();
    let name = invalidate.ident.unraw();
    invalidate.ident = format_ident!("invalidate_{name}", span = invalidate.ident.span());
    invalidate.output = output;
    let doc = format!(
        " Removes the value that `{name}` keeps for these arguments. Whether there was one."
    );
    (invalidate, doc)
}

/// The attributes that decide whether the function is there.
fn conditions(function: &ItemFn) -> TokenStream {
    let attributes = function.attrs.iter();
    let conditions = attributes.filter(|attribute| attribute.path().is_ident("cfg"));
    quote!(#(#conditions)*)
}

/// The function over a backend.
fn remote(
    krate: &TokenStream,
    options: &Options,
    backend: &Expr,
    function: &ItemFn,
    key: &TokenStream,
    arguments: &[Argument<'_>],
) -> TokenStream {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    let returned = match &sig.output {
        ReturnType::Type(_, kind) => kind.to_token_stream(),
        ReturnType::Default => quote!(()),
    };
    let ttl = ttl(options);
    let output = syn::parse_quote!(-> ::core::result::Result<bool, #krate::cache::Error>);
    let (invalidate, doc) = invalidation(function, output);
    let conditions = conditions(function);
    let names = arguments.iter().map(|argument| argument.name);
    quote! {
        #(#attrs)*
        #vis #sig {
            use #krate::cache::private as __rt;
            #[allow(unused_imports)]
            use #krate::cache::private::{ViaAlways as _, ViaCommon as _, ViaOwn as _};
            let __shape = (&&&__rt::Probe::<#returned>::TYPE).shape();
            let __key = #key;
            let __remote: &#krate::cache::Remote = &#backend;
            __rt::load_remote(__remote, __shape, &__key, #ttl, move || __rt::returns(&__shape, async move #block)).await
        }

        #conditions
        #[doc = #doc]
        ///
        /// # Errors
        /// When the backend fails.
        #[allow(dead_code, unused_mut, unused_variables, clippy::all, clippy::pedantic)]
        #vis #invalidate {
            use #krate::cache::private as __rt;
            let _ = (#(&#names,)*);
            let __remote: &#krate::cache::Remote = &#backend;
            __remote.delete(&#key.0).await
        }
    }
}

/// What a cached function cannot be.
fn check_signature(function: &ItemFn, options: &Options, errors: &mut Vec<Error>) {
    let sig = &function.sig;
    let mut refuse = |span, message: &str| errors.push(Error::new(span, message));
    if let Some(parameter) = sig
        .generics
        .params
        .iter()
        .find(|parameter| !matches!(parameter, syn::GenericParam::Lifetime(_)))
    {
        refuse(
            parameter.span(),
            "a function with type parameters cannot be cached: it has one place to keep values of all types; cache a function for each type, or use `Pool::get_or_load`",
        );
    }
    if let Some(token) = &sig.constness {
        refuse(token.span(), "a `const fn` is worked out without a cache");
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        refuse(
            token.span(),
            "an `unsafe fn` cannot be cached: its caller would not know whether it runs",
        );
    }
    match &sig.output {
        ReturnType::Default => refuse(sig.ident.span(), NOTHING),
        ReturnType::Type(_, kind) => {
            let mut borrowed = Borrowed::default();
            borrowed.visit_type(kind);
            if let Some(span) = borrowed.reference {
                refuse(
                    span,
                    "what is kept outlives the call: return an owned value, not a reference to an argument",
                );
            }
            if let Some(span) = borrowed.opaque {
                refuse(
                    span,
                    "what is kept needs a type with a name, not `impl Trait`",
                );
            }
        }
    }
    if let (Some(backend), None) = (&options.backend, &sig.asyncness) {
        refuse(
            backend.span(),
            "a value outside of this process has to be waited for: `backend` is for an `async fn`",
        );
    }
    if options.refresh_ahead.is_some() {
        let message = "`refresh_ahead` runs the function again after the call: it needs owned arguments, and no `self` by reference";
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) if !is_owned(receiver) => {
                    refuse(receiver.span(), message)
                }
                FnArg::Typed(argument) if is_borrowed(&argument.ty) => {
                    refuse(argument.ty.span(), message)
                }
                _ => {}
            }
        }
    }
}

fn is_owned(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Typed(_, kind) => !is_borrowed(kind),
        _ => false,
    }
}

fn is_borrowed(kind: &Type) -> bool {
    let mut borrowed = Borrowed::default();
    borrowed.visit_type(kind);
    borrowed.reference.is_some()
}

/// Finds what lives no longer than the call, and what has no name.
#[derive(Default)]
struct Borrowed {
    reference: Option<proc_macro2::Span>,
    opaque: Option<proc_macro2::Span>,
}

impl<'ast> Visit<'ast> for Borrowed {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.is_none() {
            self.reference.get_or_insert(reference.span());
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.reference.get_or_insert(lifetime.span());
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
        self.opaque.get_or_insert(opaque.span());
    }

    // The arguments of function pointers are nobody's values.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
}

/// The arguments but `self`; what they cannot be is reported.
fn arguments<'a>(
    function: &'a ItemFn,
    options: &Options,
    errors: &mut Vec<Error>,
) -> Vec<Argument<'a>> {
    let mut arguments = Vec::new();
    for input in &function.sig.inputs {
        let FnArg::Typed(argument) = input else {
            let FnArg::Receiver(receiver) = input else {
                continue;
            };
            if matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_))) {
                errors.push(Error::new(receiver.span(), CHANGES));
            } else if options.key.is_none() {
                errors.push(Error::new(
                    receiver.span(),
                    "a cached method needs a key that says what of `self` matters: `#[cached(key = \"{self.id}\")]`, or `key = \"..\"` where nothing of it does",
                ));
            }
            continue;
        };
        if let Type::Reference(reference) = &*argument.ty
            && reference.mutability.is_some()
        {
            errors.push(Error::new(argument.ty.span(), CHANGES));
            continue;
        }
        let mut borrowed = Borrowed::default();
        borrowed.visit_type(&argument.ty);
        if let Some(span) = borrowed.opaque {
            errors.push(Error::new(
                span,
                "a function with `impl Trait` arguments cannot be cached: it has one place to keep values of all types",
            ));
            continue;
        }
        // A reference at the front is followed; deeper ones cannot be.
        let inner = match &*argument.ty {
            Type::Reference(reference) => &reference.elem,
            other => other,
        };
        if options.key.is_none() && is_borrowed(inner) {
            errors.push(Error::new(
                argument.ty.span(),
                "a key outlives the call, and this argument holds a reference: name what distinguishes the calls, `#[cached(key = \"{id}\")]`",
            ));
            continue;
        }
        match &*argument.pat {
            Pat::Ident(name) if name.subpat.is_none() => arguments.push(Argument {
                name: &name.ident,
                kind: &argument.ty,
            }),
            // Names inside a pattern are there for the key, too.
            _ if options.key.is_some() => {}
            pattern => errors.push(Error::new(
                pattern.span(),
                "an argument of a cached function needs a name, or the function a key: `#[cached(key = \"..\")]`",
            )),
        }
    }
    arguments
}

/// The expression of the key.
fn key(options: &Options, arguments: &[Argument<'_>], is_method: bool) -> Result<TokenStream> {
    let of = if is_method {
        quote!(::core::any::type_name::<Self>())
    } else {
        quote!("")
    };
    Ok(match &options.key {
        Some(Key::Text(text)) => {
            let text = template::filled_in(text)?;
            if options.pool.is_some() || options.backend.is_some() {
                quote!(__rt::TextKey(#text))
            } else {
                // The pool is the function's own, and one name may be that of several methods.
                quote!(__SITE.call(#of, #text))
            }
        }
        Some(Key::Value(value)) => {
            let checked = quote_spanned!(value.span()=> __rt::argument(#value));
            quote!(__SITE.call(#of, #checked))
        }
        None => {
            let parts = arguments.iter().map(|Argument { name, kind }| {
                // At the place of the argument: that is where the compiler finds fault.
                let span = kind.span();
                let owned = match kind {
                    Type::Reference(_) => {
                        quote_spanned!(span=> ::std::borrow::ToOwned::to_owned(#name))
                    }
                    _ => quote_spanned!(span=> ::core::clone::Clone::clone(&#name)),
                };
                quote_spanned!(span=> __rt::argument(#owned))
            });
            quote!(__SITE.call(#of, (#(#parts,)*)))
        }
    })
}

fn ttl(options: &Options) -> TokenStream {
    options.ttl.as_ref().map_or_else(
        || quote!(::core::time::Duration::from_secs(120)),
        |time| time.tokens.clone(),
    )
}

/// The static that belongs to the function, in each of the two that use it: what they have in common
/// is the text.
fn site(options: &Options, function: &ItemFn) -> TokenStream {
    let name = function.sig.ident.unraw().to_string();
    let optional = |tokens: Option<TokenStream>| match tokens {
        Some(tokens) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    };
    let pool = optional(options.pool.as_ref().map(|name| name.to_token_stream()));
    let max_size = optional(options.max_size.as_ref().map(|size| size.to_token_stream()));
    let policy = optional(
        options
            .policy
            .as_ref()
            .map(|policy| quote!(__rt::Policy::#policy)),
    );
    let ttl = ttl(options);
    let negative = optional(options.negative.as_ref().map(|time| time.tokens.clone()));
    let ahead = optional(
        options
            .refresh_ahead
            .as_ref()
            .map(|time| time.tokens.clone()),
    );
    quote! {
        static __SITE: __rt::Site = __rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", #name),
            (::core::line!(), ::core::column!()),
            || __rt::Options {
                pool: #pool,
                max_size: #max_size,
                policy: #policy,
                ttl: #ttl,
                negative: #negative,
                refresh_ahead: #ahead,
            },
        );
    }
}
