//! `#[get(..)]` and its kin: a function becomes an operation.
//!
//! The function is kept. Beside it stands a unit type of the same name, in the namespace of types,
//! that implements `IntoOperation`; so `routes![get_item]` can name it by path.

use crate::{
    arguments::{self, Argument},
    attribute::{self, Attribute},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Error, ItemFn, ReturnType, Type, ext::IdentExt as _, parse_quote, spanned::Spanned as _,
};

/// Lowers one attributed function. Every mistake is reported; the function is emitted in any case,
/// so that one mistake does not cause others.
pub(crate) fn lower(method: &str, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = Error::new(
                error.span(),
                format!("an operation is made of a function: {error}"),
            );
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut attribute: Attribute = match syn::parse2(attribute) {
        Ok(attribute) => attribute,
        Err(error) => return failed(&function, &[error]),
    };
    let mut errors = std::mem::take(&mut attribute.errors);
    if !function.sig.generics.params.is_empty() {
        errors.push(Error::new(
            function.sig.generics.span(),
            "a handler has no generic parameters: its types are documented",
        ));
    }
    let names = attribute::path_names(&attribute.path, &mut errors);
    let arguments = arguments::lower(&mut function, &names, &attribute.path, &mut errors);
    if !errors.is_empty() {
        return failed(&function, &errors);
    }
    let call = call(&function, &arguments);
    let describe = describe(&function, &arguments);
    let operation = operation(method, &attribute, &function, &arguments);
    let (name, vis) = (&function.sig.ident, &function.vis);
    // What takes the function away takes the operation away.
    let cfgs: Vec<_> = function
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .collect();
    quote! {
        #function

        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #vis struct #name {}

        #(#cfgs)*
        #[automatically_derived]
        impl ::fastflyer::operation::IntoOperation for #name {
            fn operation() -> ::fastflyer::Operation {
                #[allow(unused_imports)]
                use ::fastflyer::private::{
                    self as __rt, TakesAxumParts as _, TakesAxumRequest as _, TakesOurValid as _,
                    DescribesNothing as _, DescribesPlain as _, TakesOurs as _, TakesUnknown as _,
                };
                #call
                #describe
                #operation
            }
        }
    }
}

/// The errors, the function without our marks, and a type that keeps `routes![..]` quiet.
fn failed(function: &ItemFn, errors: &[Error]) -> TokenStream {
    let mut function = function.clone();
    arguments::lower(&mut function, &[], &parse_quote!(""), &mut Vec::new());
    let errors = errors.iter().map(Error::to_compile_error);
    // In an `impl` block no type can stand.
    if function.sig.receiver().is_some() {
        return quote!(#(#errors)* #function);
    }
    let (name, vis) = (&function.sig.ident, &function.vis);
    quote! {
        #(#errors)*

        #[allow(dead_code, unused_variables)]
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #vis struct #name {}

        impl ::fastflyer::operation::IntoOperation for #name {
            fn operation() -> ::fastflyer::Operation {
                ::core::unreachable!()
            }
        }
    }
}

/// Reads the arguments, runs the function, shapes the answer.
fn call(function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let name = &function.sig.ident;
    let variables: Vec<_> = arguments
        .iter()
        .map(|argument| &argument.variable)
        .collect();
    let reads = arguments.iter().map(|argument| {
        let (variable, read) = (&argument.variable, &argument.read);
        quote!(let #variable = #read;)
    });
    let unpack = (!arguments.is_empty()).then(|| {
        quote! {
            let (#(::core::option::Option::Some(#variables),)*) = (#(#variables,)*) else {
                return __failures.respond(__cx);
            };
        }
    });
    let failures =
        (!arguments.is_empty()).then(|| quote!(let mut __failures = __rt::Failures::new();));
    let passed = arguments.iter().map(|argument| &argument.pass);
    let run = if function.sig.asyncness.is_some() {
        quote!(let __out = #name(#(#passed),*).await;)
    } else {
        let work = if arguments.is_empty() {
            quote!(#name)
        } else {
            quote!(move || #name(#(#passed),*))
        };
        let called = quote_spanned!(name.span()=> __rt::blocking(__cx, #work));
        quote! {
            let __out = match #called.await {
                ::core::result::Result::Ok(__out) => __out,
                ::core::result::Result::Err(__response) => return __response,
            };
        }
    };
    let span = return_span(function);
    let respond =
        quote_spanned! {span=> (&&&&__rt::Returned::of(&__out)).kind().respond(__cx, __out) };
    // A future that is not `Send` is reported where it is boxed: at the function's name.
    let boxed = quote_spanned! {name.span()=>
        ::std::boxed::Box::pin(async move {
            #failures
            #(#reads)*
            #unpack
            #run
            #respond
        })
    };
    quote! {
        fn __call(__cx: &mut __rt::Context) -> __rt::BoxFuture<'_, ::fastflyer::Response> {
            #[allow(unused_imports)]
            use ::fastflyer::private::{
                ReturnsReply as _, ReturnsResponse as _, ReturnsResult as _, ReturnsUnknown as _,
            };
            #boxed
        }
    }
}

/// Documents arguments and return type.
fn describe(function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let arguments = arguments.iter().map(|argument| &argument.describe);
    let unit: Type = parse_quote!(());
    let ty = match &function.sig.output {
        ReturnType::Default => &unit,
        ReturnType::Type(_, ty) => ty,
    };
    let reply = match ty {
        // The type behind `impl Trait` has no name, so nothing can be said about it.
        Type::ImplTrait(_) => quote!(__d.opaque_response();),
        ty => quote! {
            (&&&&__rt::Returned::<#ty>::TYPE).kind().describe(__rt::Returned::<#ty>::TYPE, __d);
        },
    };
    quote! {
        fn __describe(__d: &mut __rt::Describer<'_>) {
            #[allow(unused_imports)]
            use ::fastflyer::private::{
                ReturnsReply as _, ReturnsResponse as _, ReturnsResult as _, ReturnsUnknown as _,
            };
            #(#arguments)*
            #reply
        }
    }
}

fn return_span(function: &ItemFn) -> proc_macro2::Span {
    match &function.sig.output {
        ReturnType::Default => function.sig.ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    }
}

fn operation(
    method: &str,
    attribute: &Attribute,
    function: &ItemFn,
    arguments: &[Argument],
) -> TokenStream {
    let docs: Vec<String> = function
        .attrs
        .iter()
        .filter_map(arguments::doc_line)
        .collect();
    let docs = docs.join("\n").trim().to_owned();
    let first = docs
        .lines()
        .next()
        .unwrap_or("")
        .trim_end_matches(['.', '。']);
    let method = proc_macro2::Ident::new(method, proc_macro2::Span::call_site());
    let path = &attribute.path;
    let name = function.sig.ident.unraw().to_string();
    let tags = attribute.tags.iter().map(|tag| quote!(.tag(#tag)));
    let summary = match &attribute.summary {
        Some(summary) => Some(quote!(.summary(#summary))),
        None => (!first.is_empty()).then(|| quote!(.summary(#first))),
    };
    let description = match &attribute.description {
        Some(description) => Some(quote!(.description(#description))),
        None => (!docs.is_empty()).then(|| quote!(.description(#docs))),
    };
    let id = attribute.operation_id.as_ref().map(|id| quote!(.id(#id)));
    let codes = attribute.codes.as_ref().map(|codes| {
        let codes = codes
            .elems
            .iter()
            .map(|code| quote_spanned!(code.span()=> __rt::Code::from(#code)));
        quote!(.codes([#(#codes),*]))
    });
    let limit = attribute
        .body_limit
        .as_ref()
        .map(|limit| quote!(.body_limit(#limit)));
    let deprecated = attribute.deprecated.then(|| quote!(.deprecated()));
    let hidden = attribute.hidden.then(|| quote!(.hidden()));
    let direct = arguments.iter().map(|argument| &argument.direct);
    // The place is where the path stands, not where the expansion happens to be.
    let place = quote_spanned! {path.span()=>
        __rt::Place { file: ::core::file!(), line: ::core::line!() }
    };
    quote! {
        __rt::Operation::new(__rt::Method::#method, #path, #name)
            #(#tags)*
            #summary
            #description
            #id
            #codes
            #limit
            #deprecated
            #hidden
            .generated(__call, __describe, true #(&& #direct)*, #place)
    }
}
