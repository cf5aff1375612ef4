//! [`Page`]: one page of a longer list, with its [`Pagination`].

use super::Data;
use crate::openapi::Schemas;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// One page of a longer list.
///
/// In the standard format it becomes `{"data": [..], "meta": {"pagination": {..}}}`.
///
/// ```
/// use fastflyer::Page;
///
/// let page = Page::new(vec!["a", "b"], 12, 3, 5);
/// assert_eq!(page.pagination().total_pages, 3);
/// assert_eq!(page.pagination().count, 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    items: Vec<T>,
    pagination: Pagination,
}

/// Where a page stands in the whole list. All figures count items, but for the two page numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pagination {
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
}

impl<T> Page<T> {
    /// A page of `items`, the `page`th (from 1) of a list of `total` items cut by `per_page`.
    ///
    /// A `page` or `per_page` of 0 counts as 1.
    pub fn new(items: Vec<T>, total: u64, page: u64, per_page: u64) -> Self {
        let per_page = per_page.max(1);
        let pagination = Pagination {
            count: items.len() as u64,
            per_page,
            current_page: page.max(1),
            total,
            total_pages: total.div_ceil(per_page),
        };
        Self { items, pagination }
    }

    /// The items of this page.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Where this page stands.
    pub fn pagination(&self) -> &Pagination {
        &self.pagination
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Data for Page<T> {
    const PAGED: bool = true;

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, &self.items)
    }

    fn pagination(&self) -> Option<&Pagination> {
        Some(&self.pagination)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.output::<Vec<T>>()
    }
}

impl Pagination {
    /// The schema of `meta.pagination` in the standard format.
    pub(crate) fn schema() -> Value {
        let count = json!({"type": "integer", "minimum": 0});
        json!({
            "type": "object",
            "required": ["count", "per_page", "current_page", "total", "total_pages", "links"],
            "properties": {
                "count": count, "per_page": count, "current_page": count,
                "total": count, "total_pages": count,
                "links": {
                    "type": "object",
                    "properties": {"previous": {"type": "string"}, "next": {"type": "string"}},
                },
            },
        })
    }
}
