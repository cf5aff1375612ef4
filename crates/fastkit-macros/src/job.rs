//! `#[scheduled(..)]` and `#[background(..)]`: a function becomes a job or a task.
//!
//! The function is kept. Beside it stands a unit type of the same name, in the namespace of types,
//! that implements `Declare`; so `jobs![hello]` can name it by path.

use crate::job_options::{JobOptions, TIMES};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use std::fmt;
use syn::{
    Error, FnArg, GenericParam, ItemFn, ReturnType, Type,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// What the function becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scheduled,
    Background,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheduled => "scheduled",
            Self::Background => "background",
        })
    }
}

/// Lowers one attributed function, with the path by which the toolkit is known. Every mistake is
/// reported; the function is emitted in any case, so that one mistake does not cause others.
pub(crate) fn lower(
    kind: Kind,
    krate: &TokenStream,
    attribute: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = format!("{kind} runs a function: write it on a `fn` with a body");
            let error = Error::new(item.span(), message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let options = |input: ParseStream<'_>| JobOptions::parse(kind, input);
    let mut options = match options.parse2(attribute) {
        Ok(options) => options,
        Err(error) => return failed(krate, &function, &[error]),
    };
    let mut errors = std::mem::take(&mut options.errors);
    check(kind, &function, &mut errors);
    if kind == Kind::Scheduled && options.triggers.is_empty() && errors.is_empty() {
        let message = format!("when does it run? Write {TIMES}");
        errors.push(Error::new(Span::call_site(), message));
    }
    if !errors.is_empty() {
        return failed(krate, &function, &errors);
    }
    declared(kind, krate, &options, &function)
}

/// What a job cannot be.
fn check(kind: Kind, function: &ItemFn, errors: &mut Vec<Error>) {
    let sig = &function.sig;
    let mut refuse = |span, message: &str| errors.push(Error::new(span, message));
    if let (Kind::Background, Some(token)) = (kind, &sig.asyncness) {
        refuse(
            token.span(),
            "a background task has a thread of its own, which an `async fn` would not use: write a plain `fn`, or `#[scheduled(..)]` on this one",
        );
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        refuse(
            token.span(),
            "an `unsafe fn` cannot be a job: nobody would keep its promises",
        );
    }
    let parameters = sig.generics.params.iter();
    for parameter in parameters.filter(|one| !matches!(one, GenericParam::Lifetime(_))) {
        refuse(
            parameter.span(),
            "a job has no type parameters: nobody would choose the types",
        );
    }
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => refuse(
                receiver.span(),
                "a job is a function of its own: it has no `self`; take what it needs as `State<T>`",
            ),
            FnArg::Typed(argument) => {
                let mut found = Borrowed::default();
                found.visit_type(&argument.ty);
                if let Some(span) = found.0 {
                    refuse(
                        span,
                        "a job owns its arguments: `Run`, `Args<T>`, or in a service `State<T>`",
                    );
                }
            }
        }
    }
}

/// Finds what has no owner or no name.
#[derive(Default)]
struct Borrowed(Option<Span>);

impl<'ast> Visit<'ast> for Borrowed {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        let is_static = |lifetime: &syn::Lifetime| lifetime.ident == "static";
        if !reference.lifetime.as_ref().is_some_and(is_static) {
            self.0.get_or_insert(reference.span());
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast syn::TypeImplTrait) {
        self.0.get_or_insert(opaque.span());
    }
}

fn declared(
    kind: Kind,
    krate: &TokenStream,
    options: &JobOptions,
    function: &ItemFn,
) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let conditions: Vec<_> = function
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .collect();
    let work = work(function);
    let id = match &options.id {
        Some(id) => quote_spanned!(id.span()=> ::core::convert::AsRef::<str>::as_ref(&#id)),
        None => {
            let text = name.unraw().to_string();
            quote!(&__rt::id(::core::module_path!(), #text))
        }
    };
    let JobOptions {
        triggers,
        setters,
        bounds,
        ..
    } = options;
    let added = match kind {
        Kind::Scheduled => {
            let triggers = triggers.iter().map(
                |trigger| quote_spanned!(trigger.span()=> __rt::IntoTrigger::trigger(#trigger)),
            );
            quote! {
                let __job = __rt::job(#id, [#(#triggers),*], __work) #(#setters)*;
                #(#bounds)*
                __jobs.job(__job)
            }
        }
        Kind::Background => quote!(__jobs.task(__rt::task(#id, __work) #(#setters)*)),
    };
    quote! {
        #function

        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #vis struct #name {}

        #(#conditions)*
        #[automatically_derived]
        impl #krate::executor::Declare for #name {
            #[allow(clippy::let_unit_value)]
            fn declare(__jobs: #krate::executor::Jobs) -> #krate::executor::Jobs {
                use #krate::executor::private as __rt;
                let __work = #work;
                #added
            }
        }
    }
}

/// Reads the arguments and runs the function. Each argument and the return type are asked for at their
/// own place, so that the compiler points at what does not fit.
fn work(function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    let types: Vec<&Type> = function
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let reads: Vec<_> = types
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> <#ty as __rt::FromRun>::from_run(__run)?))
        .collect();
    let checks = types
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> <#ty as __rt::FromRun>::check(__given, __args)));
    let returned = match &function.sig.output {
        ReturnType::Default => name.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    let check = quote!(|__given, __args| __rt::all([#(#checks),*]));
    if function.sig.asyncness.is_some() {
        // A future that is not `Send` is reported where it is boxed: at the function's name.
        let boxed = quote_spanned!(name.span()=> ::std::boxed::Box::pin(__future));
        let finished = quote_spanned!(returned=> __rt::JobOutput::finished(__called.await));
        quote! {
            __rt::asynchronous(
                |__run| {
                    let __called = #name(#(#reads),*);
                    let __future = async move { #finished };
                    ::core::result::Result::Ok(#boxed)
                },
                #check,
            )
        }
    } else {
        let finished = quote_spanned!(returned=> __rt::JobOutput::finished(__out));
        quote! {
            __rt::plain(
                |__run| {
                    let __out = #name(#(#reads),*);
                    #finished
                },
                #check,
            )
        }
    }
}

/// The errors, the function, and a type that keeps `jobs![..]` quiet.
fn failed(krate: &TokenStream, function: &ItemFn, errors: &[Error]) -> TokenStream {
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

        impl #krate::executor::Declare for #name {
            fn declare(_: #krate::executor::Jobs) -> #krate::executor::Jobs {
                ::core::unreachable!()
            }
        }
    }
}
