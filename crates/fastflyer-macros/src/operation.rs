//! `#[get(..)]` and its kin: a function becomes an operation.
//!
//! The function is kept. Beside it stands a unit type of the same name, in the namespace of types,
//! that implements `IntoOperation`; so `routes![get_item]` can name it by path.
//!
//! `#[websocket(..)]` is the same for `GET`, save that the function runs after the answer, with the
//! socket that its last argument is.

use crate::{
    arguments::{self, Argument},
    attribute::{self, Attribute},
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Error, FnArg, ItemFn, ReturnType, Type,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
    parse_quote,
    spanned::Spanned,
};

/// What an attribute makes of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An operation for a method.
    Method(&'static str),
    /// An operation whose function gets a socket.
    WebSocket,
}

/// Lowers one attributed function. Every mistake is reported; the function is emitted in any case,
/// so that one mistake does not cause others.
pub(crate) fn lower(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
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
    let options = |input: ParseStream<'_>| Attribute::parse(input, kind == Kind::WebSocket);
    let mut attribute = match options.parse2(attribute) {
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
    let socket = match kind {
        Kind::WebSocket => take_socket(&mut function, &names, &mut errors),
        Kind::Method(_) => {
            reject_socket(&function, &mut errors);
            None
        }
    };
    let arguments = arguments::lower(&mut function, &names, &attribute.path, &mut errors);
    let socket = socket.map(|socket| {
        let at = socket.index.min(function.sig.inputs.len());
        function.sig.inputs.insert(at, socket.argument);
        socket.ty
    });
    if !errors.is_empty() {
        return failed(&function, &errors);
    }
    let call = call(&function, &arguments, socket.as_ref());
    let describe = describe(&function, &arguments, socket.as_ref());
    let operation = operation(kind, &attribute, &function, &arguments);
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

/// The socket of a WebSocket handler, off the function while the other arguments are lowered, and its
/// place among them.
struct Socket {
    index: usize,
    argument: FnArg,
    ty: Type,
}

/// Takes the socket: the last argument, unless it is plainly something else.
fn take_socket(
    function: &mut ItemFn,
    path_names: &[String],
    errors: &mut Vec<Error>,
) -> Option<Socket> {
    if function.sig.asyncness.is_none() {
        errors.push(Error::new(
            function.sig.fn_token.span(),
            "a WebSocket handler is an `async fn`",
        ));
    }
    let mut inputs: Vec<FnArg> = std::mem::take(&mut function.sig.inputs)
        .into_iter()
        .collect();
    let named = inputs
        .iter()
        .position(|input| typed(input).is_some_and(is_socket));
    let index = named.or(inputs.len().checked_sub(1).filter(|last| {
        !inputs
            .get(*last)
            .is_some_and(|input| is_parameter(input, path_names))
    }));
    if let Some(index) = named.filter(|index| index + 1 < inputs.len()) {
        let span = inputs
            .get(index)
            .map_or(function.sig.ident.span(), Spanned::span);
        errors.push(Error::new(span, "the socket is the last argument"));
    }
    if index.is_none() {
        errors.push(Error::new(
            function.sig.ident.span(),
            "the last argument of a WebSocket handler is its socket: `socket: WebSocket`",
        ));
    }
    let socket = index.and_then(|index| {
        let argument = inputs.remove(index);
        let ty = typed(&argument)?.clone();
        Some(Socket {
            index,
            argument,
            ty,
        })
    });
    for input in &inputs {
        let marks = marks(input);
        if let Some(mark) = marks
            .iter()
            .find(|mark| mark.path().is_ident("body") || mark.path().is_ident("form"))
        {
            errors.push(Error::new(
                mark.span(),
                "a WebSocket handshake has no body; what the client sends comes through the socket",
            ));
        }
    }
    function.sig.inputs = inputs.into_iter().collect();
    socket
}

fn typed(input: &FnArg) -> Option<&Type> {
    match input {
        FnArg::Typed(argument) => Some(&argument.ty),
        FnArg::Receiver(_) => None,
    }
}

fn marks(input: &FnArg) -> &[syn::Attribute] {
    match input {
        FnArg::Typed(argument) => &argument.attrs,
        FnArg::Receiver(_) => &[],
    }
}

/// Whether an argument says of itself that it is a parameter.
fn is_parameter(input: &FnArg, path_names: &[String]) -> bool {
    let FnArg::Typed(argument) = input else {
        return true;
    };
    let in_path = match &*argument.pat {
        syn::Pat::Ident(pattern) => path_names.contains(&pattern.ident.unraw().to_string()),
        _ => false,
    };
    in_path || marks(input).iter().any(arguments::is_mark)
}

/// A socket needs `#[websocket]`: no method gives one.
fn reject_socket(function: &ItemFn, errors: &mut Vec<Error>) {
    let sockets = function
        .sig
        .inputs
        .iter()
        .filter_map(typed)
        .filter(|ty| is_socket(ty));
    errors.extend(sockets.map(|ty| {
        Error::new(
            ty.span(),
            "a handler with a socket has the attribute `#[websocket(\"/path\")]`",
        )
    }));
}

fn is_socket(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == "WebSocket" || last.ident == "JsonSocket")
}

/// Reads the arguments, runs the function, shapes the answer.
fn call(function: &ItemFn, arguments: &[Argument], socket: Option<&Type>) -> TokenStream {
    let name = &function.sig.ident;
    let mut variables: Vec<_> = arguments
        .iter()
        .map(|argument| argument.variable.clone())
        .collect();
    let reads: Vec<_> = arguments
        .iter()
        .map(|argument| {
            let (variable, read) = (&argument.variable, &argument.read);
            quote!(let #variable = #read;)
        })
        .chain(socket.map(|_| {
            variables.push(quote::format_ident!("__upgrade"));
            quote!(let __upgrade = __failures.take(__rt::extract_upgrade(__cx).await);)
        }))
        .collect();
    let unpack = (!variables.is_empty()).then(|| {
        quote! {
            let (#(::core::option::Option::Some(#variables),)*) = (#(#variables,)*) else {
                return __failures.respond(__cx);
            };
        }
    });
    let failures =
        (!variables.is_empty()).then(|| quote!(let mut __failures = __rt::Failures::new();));
    let passed = arguments.iter().map(|argument| &argument.pass);
    let run = if let Some(ty) = socket {
        let open = quote_spanned!(ty.span()=> <#ty as ::fastflyer::ws::Socket>::open);
        let handled = quote_spanned! {return_span(function)=>
            __upgrade.run(move |__socket| #name(#(#passed,)* #open(__socket)))
        };
        quote!(let __out = #handled;)
    } else if function.sig.asyncness.is_some() {
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
    let span = match socket {
        // What a WebSocket handler returns is no answer.
        Some(_) => name.span(),
        None => return_span(function),
    };
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
fn describe(function: &ItemFn, arguments: &[Argument], socket: Option<&Type>) -> TokenStream {
    let arguments = arguments.iter().map(|argument| &argument.describe);
    let unit: Type = parse_quote!(());
    let ty = match &function.sig.output {
        ReturnType::Default => &unit,
        ReturnType::Type(_, ty) => ty,
    };
    let reply = match ty {
        _ if socket.is_some() => {
            let ty = socket;
            quote_spanned! {socket.span()=>
                __rt::describe_upgrade(__d);
                <#ty as ::fastflyer::ws::Socket>::describe(__d);
            }
        }
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
    kind: Kind,
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
    let method = match kind {
        Kind::Method(method) => method,
        Kind::WebSocket => "GET",
    };
    let method = proc_macro2::Ident::new(method, proc_macro2::Span::call_site());
    let socket = (kind == Kind::WebSocket).then(|| {
        let options = attribute
            .socket
            .iter()
            .map(|(name, value)| quote!(.#name(#value)));
        quote!(.websocket(::fastflyer::ws::Config::new() #(#options)*))
    });
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
            #socket
            #deprecated
            #hidden
            .generated(__call, __describe, true #(&& #direct)*, #place)
    }
}
