//! Pages of longer lists: [`Page`] by number or by offset, [`CursorPage`] by cursor, and where each
//! of them stands in its list.
//!
//! How a page looks on the wire is the format's business, and how a client asks for one that of
//! [`extract::Pagination`](crate::extract::Pagination).

use super::Data;
use crate::{
    context::Context,
    envelope::{DataKind, Slot},
    openapi::Schemas,
};
use fastkit::settings::PageParams;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// One page of a longer list.
///
/// In the standard format it becomes `{"data": [..], "meta": {"pagination": {..}}}`.
///
/// ```
/// use fastflyer::Page;
///
/// let page = Page::new(vec!["a", "b"], 12, 3, 5);
/// assert_eq!(page.meta().total_pages, 3);
/// assert_eq!(page.meta().count, 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    items: Vec<T>,
    meta: PageMeta,
}

/// Where a page stands in the whole list. All figures count items, but for the two page numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageMeta {
    /// Items in this page.
    pub count: u64,
    /// Items that a full page has.
    pub per_page: u64,
    /// Number of this page, from 1.
    pub current_page: u64,
    /// Items in the whole list.
    pub total: u64,
    /// Pages in the whole list; 0 when it is empty.
    pub total_pages: u64,
    /// Items before this page.
    pub offset: u64,
}

impl<T> Page<T> {
    /// A page of `items`, the `page`th (from 1) of a list of `total` items cut by `per_page`.
    ///
    /// A `page` or `per_page` of 0 counts as 1.
    pub fn new(items: Vec<T>, total: u64, page: u64, per_page: u64) -> Self {
        let offset = page.saturating_sub(1).saturating_mul(per_page.max(1));
        Self::from_offset(items, total, offset, per_page)
    }

    /// A page of `items`, of which `offset` stand before in a list of `total` items; a full page has
    /// `limit`.
    ///
    /// A `limit` of 0 counts as 1. The number of the page is that of the page on which its first
    /// item stands.
    ///
    /// ```
    /// use fastflyer::Page;
    ///
    /// let page = Page::from_offset(vec!["a", "b"], 12, 10, 5);
    /// assert_eq!((page.meta().current_page, page.meta().offset), (3, 10));
    /// ```
    pub fn from_offset(items: Vec<T>, total: u64, offset: u64, limit: u64) -> Self {
        let per_page = limit.max(1);
        let meta = PageMeta {
            count: items.len() as u64,
            per_page,
            current_page: (offset / per_page).saturating_add(1),
            total,
            total_pages: total.div_ceil(per_page),
            offset,
        };
        Self { items, meta }
    }

    /// The same page with other items, for instance rows as what is sent of them.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            meta: self.meta,
        }
    }

    /// The items of this page.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Where this page stands.
    pub fn meta(&self) -> &PageMeta {
        &self.meta
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Data for Page<T> {
    const KIND: Option<DataKind> = Some(DataKind::Page);

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, &self.items)
    }

    fn paging(&self) -> Option<Paging<'_>> {
        Some(Paging::Numbered(&self.meta))
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<Vec<T>>()
    }
}

/// One page of a list that is read from cursor to cursor: nobody has to count it, and what is added
/// meanwhile shifts nothing.
///
/// ```
/// use fastflyer::CursorPage;
///
/// let page = CursorPage::new(vec![7, 9], 2).next("id:9").prev("id:7");
/// assert_eq!(page.meta().next.as_deref(), Some("id:9"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CursorPage<T> {
    items: Vec<T>,
    meta: CursorMeta,
}

/// Where a page stands that was asked for by a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CursorMeta {
    /// Items in this page.
    pub count: u64,
    /// Items that a full page has.
    pub per_page: u64,
    /// What asks for the page after this one, if there is one.
    pub next: Option<String>,
    /// What asks for the page before this one, if there is one.
    pub prev: Option<String>,
}

impl<T> CursorPage<T> {
    /// A page of `items`, of which a full page has `per_page`, with no other pages around yet.
    pub fn new(items: Vec<T>, per_page: u64) -> Self {
        let meta = CursorMeta {
            count: items.len() as u64,
            per_page,
            next: None,
            prev: None,
        };
        Self { items, meta }
    }

    /// Sets the cursor of the page after this one.
    #[must_use]
    pub fn next(mut self, cursor: impl Into<String>) -> Self {
        self.meta.next = Some(cursor.into());
        self
    }

    /// Sets the cursor of the page before this one.
    #[must_use]
    pub fn prev(mut self, cursor: impl Into<String>) -> Self {
        self.meta.prev = Some(cursor.into());
        self
    }

    /// The items of this page.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Where this page stands.
    pub fn meta(&self) -> &CursorMeta {
        &self.meta
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Data for CursorPage<T> {
    const KIND: Option<DataKind> = Some(DataKind::CursorPage);

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, &self.items)
    }

    fn paging(&self) -> Option<Paging<'_>> {
        Some(Paging::Cursor(&self.meta))
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<Vec<T>>()
    }
}

/// Where the page of a reply stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Paging<'a> {
    /// In a list that was counted.
    Numbered(&'a PageMeta),
    /// Between two cursors.
    Cursor(&'a CursorMeta),
}

impl Paging<'_> {
    /// A figure of the page; 0 for what pages of its kind do not know.
    pub(crate) fn figure(self, slot: Slot) -> u64 {
        match (self, slot) {
            (Self::Numbered(page), Slot::Count) => page.count,
            (Self::Numbered(page), Slot::PerPage) => page.per_page,
            (Self::Numbered(page), Slot::CurrentPage) => page.current_page,
            (Self::Numbered(page), Slot::Total) => page.total,
            (Self::Numbered(page), Slot::TotalPages) => page.total_pages,
            (Self::Numbered(page), Slot::Offset) => page.offset,
            (Self::Cursor(page), Slot::Count) => page.count,
            (Self::Cursor(page), Slot::PerPage) => page.per_page,
            _ => 0,
        }
    }
}

/// The neighbours of a page as URLs, which keep the rest of the request's query.
#[derive(Clone, Copy)]
pub(crate) struct Links<'a> {
    pub(crate) page: Paging<'a>,
    pub(crate) cx: &'a Context,
}

/// What asks for a page.
enum Target<'a> {
    Page(u64),
    Cursor(Option<&'a str>),
}

impl<'a> Links<'a> {
    /// Whether there is such a page.
    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.target(slot).is_some()
    }

    /// The URL of a page.
    pub(crate) fn url(&self, slot: Slot) -> Option<String> {
        let cx = self.cx;
        let names = cx.envelope().page_params;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let own = |name: &str| name == names.size() || name == names.position() || name == CURSOR;
        for (name, value) in form_urlencoded::parse(cx.uri().query().unwrap_or("").as_bytes()) {
            if !own(&name) {
                query.append_pair(&name, &value);
            }
        }
        let mut number = itoa::Buffer::new();
        match self.target(slot)? {
            Target::Page(page) if names == PageParams::OffsetLimit => {
                let offset = (page - 1).saturating_mul(self.per_page());
                query.append_pair(names.position(), number.format(offset));
            }
            Target::Page(page) => {
                query.append_pair(names.position(), number.format(page));
            }
            Target::Cursor(Some(cursor)) => {
                query.append_pair(CURSOR, cursor);
            }
            Target::Cursor(None) => {}
        }
        query.append_pair(names.size(), number.format(self.per_page()));
        let origin = cx.origin().unwrap_or_default();
        Some(format!("{origin}{}?{}", cx.uri().path(), query.finish()))
    }

    fn per_page(&self) -> u64 {
        self.page.figure(Slot::PerPage)
    }

    fn target(&self, slot: Slot) -> Option<Target<'a>> {
        match (self.page, slot) {
            (Paging::Numbered(page), slot) => {
                let (current, last) = (page.current_page, page.total_pages);
                let number = match slot {
                    Slot::FirstLink => Some(1),
                    // Of a page behind the end, the one before is the last.
                    Slot::PrevLink => Some(current.saturating_sub(1).min(last)),
                    Slot::NextLink => current.checked_add(1).filter(|next| *next <= last),
                    Slot::LastLink => Some(last),
                    _ => None,
                };
                number
                    .filter(|number| *number > 0 && last > 0)
                    .map(Target::Page)
            }
            (Paging::Cursor(_), Slot::FirstLink) => Some(Target::Cursor(None)),
            (Paging::Cursor(page), Slot::NextLink) => {
                page.next.as_deref().map(|next| Target::Cursor(Some(next)))
            }
            (Paging::Cursor(page), Slot::PrevLink) => {
                page.prev.as_deref().map(|prev| Target::Cursor(Some(prev)))
            }
            _ => None,
        }
    }
}

/// The parameter that holds a cursor.
pub(crate) const CURSOR: &str = "cursor";
