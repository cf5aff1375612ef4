//! The arguments of a handler: how each is read, and how it is documented.

use crate::attribute::ParameterOptions;
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, Pat, Type,
    ext::IdentExt as _, spanned::Spanned as _,
};

const MARKS: [&str; 5] = ["query", "header", "cookie", "form", "body"];

/// One lowered argument.
pub(crate) struct Argument {
    /// The variable that holds it in the generated code.
    pub(crate) variable: Ident,
    /// Reads it into `Option<T>`.
    pub(crate) read: TokenStream,
    /// Documents it on a `Describer` named `__d`.
    pub(crate) describe: TokenStream,
    /// Whether it is read without axum, as an expression of type `bool`.
    pub(crate) direct: TokenStream,
    /// What is passed to the function.
    pub(crate) pass: TokenStream,
}

/// Lowers all arguments and takes our attributes off them.
pub(crate) fn lower(
    function: &mut ItemFn,
    path_names: &[String],
    path: &syn::LitStr,
    errors: &mut Vec<Error>,
) -> Vec<Argument> {
    let mut lowered = Vec::new();
    let mut found: Vec<String> = Vec::new();
    let mut takes_path = false;
    let mut body: Option<proc_macro2::Span> = None;
    for (index, input) in function.sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(argument) = input else {
            errors.push(Error::new(
                input.span(),
                "a handler is a free function: it takes no `self`",
            ));
            continue;
        };
        let (mark, docs) = take_marks(&mut argument.attrs, errors);
        let name = match &*argument.pat {
            // `r#type` is how Rust has to write it; the client writes `type`.
            Pat::Ident(pattern) => Some(pattern.ident.unraw().to_string()),
            _ => None,
        };
        let variable = format_ident!("__argument_{index}");
        let ty = &*argument.ty;
        if mark.is_none() {
            found.extend(
                name.iter()
                    .filter(|name| path_names.contains(name))
                    .cloned(),
            );
        }
        if let Some(cfg) = argument.attrs.iter().find(|attribute| is_cfg(attribute)) {
            errors.push(Error::new(
                cfg.span(),
                "an argument cannot be conditional; write the condition on the function",
            ));
            continue;
        }
        if let Type::ImplTrait(opaque) = ty {
            errors.push(Error::new(
                opaque.span(),
                "a handler names the types of its arguments: they are read and documented",
            ));
            continue;
        }
        if let Type::Reference(reference) = ty {
            errors.push(Error::new(
                reference.span(),
                "a handler owns its arguments: take `String` instead of `&str`, or an extractor",
            ));
            continue;
        }
        match (mark, name) {
            (Some((mark, options)), name) if mark == "body" => {
                if body.is_some() {
                    errors.push(Error::new(
                        argument.pat.span(),
                        "only one argument may take the body",
                    ));
                }
                body = Some(argument.pat.span());
                if options.name.is_some() || options.default.is_some() || !options.bounds.is_empty()
                {
                    errors.push(Error::new(
                        argument.pat.span(),
                        "`#[body]` has no options: constraints stand on the type",
                    ));
                }
                let _ = name;
                lowered.push(extractor(variable, ty, true));
            }
            (Some((mark, options)), Some(name)) => {
                lowered.push(plain(variable, ty, &mark, &name, options, &docs));
            }
            (Some(_), None) => errors.push(Error::new(
                argument.pat.span(),
                "give this argument a plain name: it is the parameter's name on the wire",
            )),
            (None, Some(name)) if path_names.contains(&name) => {
                let options = ParameterOptions::default();
                lowered.push(plain(variable, ty, "path", &name, options, &docs));
            }
            (None, _) => {
                takes_path |= mentions_path(ty);
                lowered.push(extractor(variable, ty, false));
            }
        }
    }
    for name in path_names {
        if !found.contains(name) && !takes_path {
            errors.push(Error::new(
                path.span(),
                format!("`{{{name}}}` stands in the path, but no argument is named `{name}`, and there is no `Path<..>`"),
            ));
        }
    }
    lowered
}

/// `Path<T>` by any of its names, also inside another extractor.
fn mentions_path(ty: &Type) -> bool {
    let text = quote!(#ty).to_string();
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| matches!(word, "Path" | "RawPathParams" | "Request" | "MatchedPath"))
}

/// Whether an attribute is one of our marks.
pub(crate) fn is_mark(attribute: &Attribute) -> bool {
    MARKS.iter().any(|name| attribute.path().is_ident(name))
}

/// Takes our marks and doc comments off an argument.
fn take_marks(
    attributes: &mut Vec<Attribute>,
    errors: &mut Vec<Error>,
) -> (Option<(String, ParameterOptions)>, String) {
    let mut mark = None;
    let mut docs = Vec::new();
    attributes.retain(|attribute| {
        if let Some(line) = doc_line(attribute) {
            docs.push(line);
            return false;
        }
        let Some(name) = MARKS.iter().find(|name| attribute.path().is_ident(name)) else {
            return true;
        };
        let options = match &attribute.meta {
            Meta::Path(_) => Ok(ParameterOptions::default()),
            _ => attribute.parse_args(),
        };
        match options {
            Ok(options) if mark.is_none() => mark = Some(((*name).to_owned(), options)),
            Ok(_) => errors.push(Error::new(
                attribute.span(),
                "an argument comes from one place only",
            )),
            Err(error) => errors.push(error),
        }
        false
    });
    (mark, docs.join("\n"))
}

/// Whether an attribute takes what it stands on away under a condition.
pub(crate) fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}

/// The text of a doc comment, without the blank that follows the slashes.
pub(crate) fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(literal) = &pair.value else {
        return None;
    };
    match &literal.lit {
        Lit::Str(text) if attribute.path().is_ident("doc") => {
            let line = text.value();
            Some(
                line.strip_prefix(' ')
                    .unwrap_or(&line)
                    .trim_end()
                    .to_owned(),
            )
        }
        _ => None,
    }
}

/// A plain typed argument: one parameter.
fn plain(
    variable: Ident,
    ty: &Type,
    place: &str,
    name: &str,
    options: ParameterOptions,
    docs: &str,
) -> Argument {
    let span = ty.span();
    let wire = match &options.name {
        Some(name) => name.value(),
        None if place == "header" => name.replace('_', "-"),
        None => name.to_owned(),
    };
    let reader = format_ident!("{place}");
    let kind = format_ident!("{}", capitalised(place));
    let bounds = options
        .bounds
        .iter()
        .map(|(name, value)| quote!(#name: ::core::option::Option::Some(#value),));
    let constraints = quote!(__rt::Constraints { #(#bounds)* ..__rt::Constraints::NONE });
    let awaits = (place == "form").then(|| quote!(.await));
    let default = options.default.as_ref().map(|default| match default {
        // A text is what a `String` is made of, and shown as it is.
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => {
            quote_spanned!(text.span()=> <#ty as ::core::convert::From<&str>>::from(#text))
        }
        other => quote!(#other),
    });
    let read = match &default {
        None => quote_spanned! {span=>
            __failures.take(__rt::argument::#reader::<#ty>(__cx, #wire, &#constraints) #awaits)
        },
        Some(default) => quote_spanned! {span=>
            __failures
                .take(__rt::argument::#reader::<::core::option::Option<#ty>>(__cx, #wire, &#constraints) #awaits)
                .map(|__given| __given.unwrap_or_else(|| #default))
        },
    };
    let description = match &options.description {
        Some(text) => quote!(#text),
        None => quote!(#docs),
    };
    let optional = options.default.is_some();
    let default = match &options.default {
        // A literal can be shown; an expression may depend on the time or the place.
        Some(Expr::Lit(literal)) => {
            quote!(::core::option::Option::Some(|| __rt::json!(#literal)))
        }
        _ => quote!(::core::option::Option::None),
    };
    let describe = quote_spanned! {span=>
        (&&__rt::Plain::<#ty>::TYPE).describe_plain(__d, __rt::ParamKind::#kind, #wire, __rt::ParamDoc {
            description: #description,
            optional: #optional,
            default: #default,
            constraints: #constraints,
        });
    };
    let pass = quote!(#variable);
    Argument {
        variable,
        read,
        describe,
        direct: quote!(true),
        pass,
    }
}

/// An extractor, or the body of `#[body]`.
fn extractor(variable: Ident, ty: &Type, body: bool) -> Argument {
    let span = ty.span();
    let (ty, pass) = if body {
        (
            quote_spanned!(span=> ::fastflyer::extract::Json<#ty>),
            quote!(#variable.0),
        )
    } else {
        (quote!(#ty), quote!(#variable))
    };
    let kind = quote_spanned!(span=> (&&&&&__rt::Argument::<#ty>::TYPE).kind());
    Argument {
        read: quote_spanned!(span=> __failures.take(#kind.extract(__rt::Argument::<#ty>::TYPE, __cx).await)),
        describe: quote_spanned!(span=> #kind.describe(__rt::Argument::<#ty>::TYPE, __d);),
        direct: quote_spanned!(span=> #kind.direct()),
        variable,
        pass,
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
