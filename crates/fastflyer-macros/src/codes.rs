//! `#[derive(ResponseCode)]`: an enum becomes business codes with their texts.
//!
//! What is written is the implementation of `fastflyer::ResponseCode` and the conversions into
//! numbers and codes. Not here: what a text is used for, and conflicts between enums, which only
//! the application can see.

use crate::arguments::doc_line;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Result, Token, Variant,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    spanned::Spanned as _,
};

/// How a code is written, for messages.
const FORM: &str = "`#[code(200101, zh = \"..\", en = \"..\")]`";

/// One variant as it is documented.
struct Entry {
    variant: Ident,
    number: u32,
    description: String,
    texts: Vec<(String, LitStr)>,
    span: Span,
}

/// What stands in the parentheses of `#[code(..)]`.
struct Arguments {
    number: LitInt,
    texts: Vec<(Key, LitStr)>,
}

/// The language of a text: `zh`, `en`, or a tag as a string.
enum Key {
    Name(Ident),
    Tag(LitStr),
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitInt) {
            return Err(input.error(format!("the number of the code comes first: {FORM}")));
        }
        let number = input.parse()?;
        let mut texts = Vec::new();
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let key = if input.peek(LitStr) {
                Key::Tag(input.parse()?)
            } else {
                Key::Name(Ident::parse_any(input)?)
            };
            input.parse::<Token![=]>()?;
            texts.push((key, input.parse()?));
        }
        if !input.is_empty() {
            return Err(input.error("expected `,` and another text"));
        }
        Ok(Self { number, texts })
    }
}

/// Lowers one enum. Every mistake is reported; the traits are implemented in any case, so that one
/// mistake does not cause others.
pub(crate) fn lower(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Vec::new();
    let entries = entries(&input, &mut errors);
    if !errors.is_empty() {
        return failed(&input, &errors);
    }
    let name = &input.ident;
    let name_text = name.unraw().to_string();
    let rows = entries.iter().map(|entry| {
        let (number, description) = (entry.number, &entry.description);
        let variant = entry.variant.unraw().to_string();
        let texts = entry.texts.iter().map(|(tag, text)| quote!((#tag, #text)));
        // The place is where the number stands, not where the expansion happens to be.
        let line = quote_spanned!(entry.span=> ::core::line!());
        quote! {
            ::fastflyer::codes::CodeEntry {
                number: #number,
                name: #variant,
                description: #description,
                texts: &[#(#texts),*],
                line: #line,
            }
        }
    });
    let arms = entries.iter().enumerate().map(|(index, entry)| {
        let variant = &entry.variant;
        quote!(Self::#variant => #index)
    });
    let file = quote_spanned!(name.span()=> ::core::file!());
    quote! {
        #[automatically_derived]
        impl ::fastflyer::ResponseCode for #name {
            const SET: &'static ::fastflyer::codes::CodeSet = &::fastflyer::codes::CodeSet {
                name: #name_text,
                file: #file,
                entries: &[#(#rows),*],
            };

            fn index(&self) -> usize {
                match self { #(#arms),* }
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#name> for u32 {
            fn from(code: #name) -> u32 {
                ::fastflyer::ResponseCode::number(&code)
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#name> for ::fastflyer::codes::Code {
            fn from(code: #name) -> Self {
                ::fastflyer::codes::Code::of(&code)
            }
        }
    }
}

fn failed(input: &DeriveInput, errors: &[Error]) -> TokenStream {
    let errors = errors.iter().map(Error::to_compile_error);
    let name = &input.ident;
    let (generics, types, bounds) = input.generics.split_for_impl();
    quote! {
        #(#errors)*

        impl #generics ::fastflyer::ResponseCode for #name #types #bounds {
            const SET: &'static ::fastflyer::codes::CodeSet = &::fastflyer::codes::CodeSet {
                name: "",
                file: "",
                entries: &[],
            };

            fn index(&self) -> usize {
                0
            }
        }

        impl #generics ::core::convert::From<#name #types> for u32 #bounds {
            fn from(_: #name #types) -> u32 {
                0
            }
        }

        impl #generics ::core::convert::From<#name #types> for ::fastflyer::codes::Code #bounds {
            fn from(_: #name #types) -> Self {
                ::core::convert::From::from(0u32)
            }
        }
    }
}

fn entries(input: &DeriveInput, errors: &mut Vec<Error>) -> Vec<Entry> {
    let Data::Enum(data) = &input.data else {
        errors.push(Error::new(
            input.ident.span(),
            "business codes are the variants of an enum",
        ));
        return Vec::new();
    };
    if !input.generics.params.is_empty() {
        errors.push(Error::new(
            input.generics.span(),
            "an enum of business codes has no generic parameters: its numbers are fixed",
        ));
    }
    if data.variants.is_empty() {
        errors.push(Error::new(
            input.ident.span(),
            format!("no business code: write a variant with {FORM}"),
        ));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for variant in &data.variants {
        let Some(entry) = entry(variant, errors) else {
            continue;
        };
        if let Some(first) = entries.iter().find(|known| known.number == entry.number) {
            errors.push(Error::new(
                entry.span,
                format!(
                    "the code {} is that of `{}` already",
                    entry.number, first.variant
                ),
            ));
        }
        entries.push(entry);
    }
    entries
}

fn entry(variant: &Variant, errors: &mut Vec<Error>) -> Option<Entry> {
    if !matches!(variant.fields, Fields::Unit) {
        errors.push(Error::new(
            variant.fields.span(),
            "a business code carries no data: what differs from answer to answer belongs into `message`, `detail` or `errors`",
        ));
    }
    let mut attributes = variant
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("code"));
    let Some(attribute) = attributes.next() else {
        errors.push(Error::new(
            variant.ident.span(),
            format!("`{}` has no number: write {FORM} above it", variant.ident),
        ));
        return None;
    };
    if let Some(second) = attributes.next() {
        errors.push(Error::new_spanned(
            second,
            format!("`{}` has a code already", variant.ident),
        ));
    }
    let arguments: Arguments = match attribute.parse_args() {
        Ok(arguments) => arguments,
        Err(error) => {
            errors.push(error);
            return None;
        }
    };
    let number = number(&arguments.number, errors);
    let mut texts: Vec<(String, LitStr)> = Vec::new();
    if arguments.texts.is_empty() {
        errors.push(Error::new(
            arguments.number.span(),
            format!("`{}` has no text: {FORM}", variant.ident),
        ));
    }
    for (key, text) in arguments.texts {
        let (tag, span) = match &key {
            Key::Name(name) => (short_tag(name), name.span()),
            Key::Tag(tag) => (long_tag(tag), tag.span()),
        };
        let tag = match tag {
            Ok(tag) => tag,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        if text.value().trim().is_empty() {
            errors.push(Error::new(text.span(), "the text is empty"));
        }
        if texts.iter().any(|(known, _)| *known == tag) {
            errors.push(Error::new(span, format!("a second text for {tag}")));
        }
        texts.push((tag, text));
    }
    let lines: Vec<String> = variant.attrs.iter().filter_map(doc_line).collect();
    Some(Entry {
        variant: variant.ident.clone(),
        number: number?,
        description: lines.join("\n").trim().to_owned(),
        texts,
        span: arguments.number.span(),
    })
}

fn number(literal: &LitInt, errors: &mut Vec<Error>) -> Option<u32> {
    let fail = |text: String| Error::new(literal.span(), text);
    match literal.base10_parse::<u32>() {
        Ok(number) if number < 100 => {
            errors.push(fail(format!(
                "{number} is no code: a code begins with 100 to 999, which is its HTTP status"
            )));
            None
        }
        Ok(number) => Some(number),
        Err(_) => {
            errors.push(fail(format!(
                "`{literal}` is no code: a code begins with 100 to 999 and is at most {}",
                u32::MAX
            )));
            None
        }
    }
}

fn short_tag(name: &Ident) -> Result<String> {
    match name.unraw().to_string().as_str() {
        "zh" => Ok("zh-CN".to_owned()),
        "en" => Ok("en".to_owned()),
        other => Err(Error::new(
            name.span(),
            format!(
                "unknown key `{other}`; known: zh, en, and the tag of any other language as a string: \"{other}\" = \"..\""
            ),
        )),
    }
}

/// A tag (RFC 5646), as it is spelled: the application knows which spellings are one language.
fn long_tag(tag: &LitStr) -> Result<String> {
    let text = tag.value();
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let formed = matches!(language.len(), 2..=8)
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    match (formed, text.as_str()) {
        (true, "zh") => Ok("zh-CN".to_owned()),
        (true, _) => Ok(text),
        (false, _) => Err(Error::new(
            tag.span(),
            format!("{text:?} is no language tag, such as \"ja\" or \"pt-BR\""),
        )),
    }
}
