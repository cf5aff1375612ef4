//! [`Pagination`] and [`Cursor`]: how a client asks for a page.
//!
//! The names of the parameters are the service's (`flyer_page_params`), their bounds the handler's.
//! What is answered is a [`Page`] or a [`CursorPage`].

use super::{Extract, ParamKind, Rejection, plain};
use crate::{
    context::Context,
    extract::Constraints,
    openapi::{Describer, ParamDoc},
    reply::{CURSOR, CursorPage, Page},
    validation::FieldErrors,
};
use fastkit::settings::PageParams;
use serde_json::{Value, json};

/// The page that a client asks for, with `DEFAULT` items if it does not say how many, and `MAX` at
/// most. What is out of bounds is answered with 422.
///
/// By default `?page=2&per_page=20`; with `flyer_page_params` set to `page,size` or `offset,limit`
/// by these names.
///
/// ```
/// use fastflyer::{prelude::*, testing::TestClient};
///
/// #[get("/numbers")]
/// async fn numbers(pagination: Pagination<2, 50>) -> Page<u64> {
///     let (first, size) = (pagination.offset(), pagination.per_page());
///     pagination.page((first..first + size).collect(), 1_000)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let api = || FlyerApi::new(Config::new()).include(routes![numbers]);
/// let client = TestClient::new(api())?;
/// let data = client.get("/flyer/numbers?page=3").send().await.json()["data"].clone();
/// assert_eq!(data["data"], serde_json::json!([4, 5]));
/// assert_eq!(client.get("/flyer/numbers?per_page=51").send().await.status(), 422);
///
/// let client = TestClient::with_settings(api(), [("flyer_page_params", "offset,limit")])?;
/// let data = client.get("/flyer/numbers?offset=7&limit=1").send().await.json()["data"].clone();
/// assert_eq!(data["data"], serde_json::json!([7]));
/// # Ok::<(), fastflyer::StartError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination<const DEFAULT: u32 = 20, const MAX: u32 = 100> {
    offset: u64,
    per_page: u32,
}

impl<const DEFAULT: u32, const MAX: u32> Pagination<DEFAULT, MAX> {
    const BOUNDS: () = assert!(
        DEFAULT >= 1 && DEFAULT <= MAX,
        "Pagination<DEFAULT, MAX>: 1 <= DEFAULT <= MAX"
    );

    /// The number of the page, from 1.
    pub fn number(&self) -> u64 {
        self.offset / self.per_page() + 1
    }

    /// Items on a full page.
    pub fn per_page(&self) -> u64 {
        u64::from(self.per_page)
    }

    /// Items before the page.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The answer: the items of the page, and how many there are in the whole list.
    pub fn page<T>(&self, items: Vec<T>, total: u64) -> Page<T> {
        Page::from_offset(items, total, self.offset, self.per_page())
    }

    /// The answer cut out of a list that is at hand as a whole.
    ///
    /// ```
    /// use fastflyer::prelude::*;
    ///
    /// #[get("/primes")]
    /// async fn primes(pagination: Pagination) -> Page<u32> {
    ///     pagination.cut(vec![2, 3, 5, 7, 11])
    /// }
    /// ```
    pub fn cut<T>(&self, all: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> Page<T> {
        let all = all.into_iter();
        let total = all.len() as u64;
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX);
        self.page(
            all.skip(skipped).take(self.per_page as usize).collect(),
            total,
        )
    }
}

impl<const DEFAULT: u32, const MAX: u32> Extract for Pagination<DEFAULT, MAX> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let () = Self::BOUNDS;
        let names = cx.envelope().page_params;
        let position = plain::query::<Option<u32>>(cx, names.position(), &at_least(first(names)));
        let size = size::<MAX>(cx);
        let (position, size) = both(position, size)?;
        let per_page = size.unwrap_or(DEFAULT);
        let position = u64::from(position.unwrap_or(first(names)));
        let offset = match names {
            PageParams::OffsetLimit => position,
            PageParams::PagePerPage | PageParams::PageSize => (position - 1) * u64::from(per_page),
        };
        Ok(Self { offset, per_page })
    }

    fn describe(describer: &mut Describer<'_>) {
        let names = describer.page_params();
        let (description, default): (_, fn() -> Value) = match names {
            PageParams::OffsetLimit => ("本页之前的条数", || json!(0)),
            PageParams::PagePerPage | PageParams::PageSize => {
                ("页码，从 1 开始", || json!(1))
            }
        };
        let doc = ParamDoc {
            description,
            optional: true,
            default: Some(default),
            constraints: at_least(first(names)),
        };
        describer.param::<u32>(ParamKind::Query, names.position(), doc);
        describe_size::<DEFAULT, MAX>(describer);
    }
}

/// The page after or before a cursor, with `DEFAULT` items if the client does not say how many, and
/// `MAX` at most: `?cursor=abc&per_page=20`. What a cursor means is the handler's business.
///
/// ```
/// use fastflyer::{CursorPage, extract::Cursor, prelude::*, testing::TestClient};
///
/// #[get("/events")]
/// async fn events(cursor: Cursor<2>) -> Result<CursorPage<u64>> {
///     let after: u64 = match cursor.value() {
///         Some(text) => text.parse().map_err(|_| ApiError::bad_request().message("游标无效"))?,
///         None => 0,
///     };
///     let items: Vec<u64> = (after + 1..=after + cursor.per_page()).collect();
///     let last = after + items.len() as u64;
///     Ok(cursor.page(items).next(last.to_string()))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = TestClient::new(FlyerApi::new(Config::new()).include(routes![events]))?;
/// let data = client.get("/flyer/events?cursor=4").send().await.json()["data"].clone();
/// assert_eq!(data["data"], serde_json::json!([5, 6]));
/// assert_eq!(data["meta"]["pagination"]["next_cursor"], "6");
/// # Ok::<(), fastflyer::StartError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<const DEFAULT: u32 = 20, const MAX: u32 = 100> {
    value: Option<String>,
    per_page: u32,
}

impl<const DEFAULT: u32, const MAX: u32> Cursor<DEFAULT, MAX> {
    const BOUNDS: () = assert!(
        DEFAULT >= 1 && DEFAULT <= MAX,
        "Cursor<DEFAULT, MAX>: 1 <= DEFAULT <= MAX"
    );

    /// The cursor as the client sent it; `None` asks for the first page.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Items on a full page.
    pub fn per_page(&self) -> u64 {
        u64::from(self.per_page)
    }

    /// The answer: the items of the page. Its neighbours are set on it.
    pub fn page<T>(&self, items: Vec<T>) -> CursorPage<T> {
        CursorPage::new(items, self.per_page())
    }
}

impl<const DEFAULT: u32, const MAX: u32> Extract for Cursor<DEFAULT, MAX> {
    async fn extract(cx: &mut Context) -> Result<Self, Rejection> {
        let () = Self::BOUNDS;
        let value = plain::query::<Option<String>>(cx, CURSOR, &Constraints::NONE);
        let (value, size) = both(value, size::<MAX>(cx))?;
        Ok(Self {
            value,
            per_page: size.unwrap_or(DEFAULT),
        })
    }

    fn describe(describer: &mut Describer<'_>) {
        let doc = ParamDoc {
            description: "游标，取自上一次响应；不填则为第一页",
            optional: true,
            ..ParamDoc::default()
        };
        describer.param::<String>(ParamKind::Query, CURSOR, doc);
        describe_size::<DEFAULT, MAX>(describer);
    }
}

/// Where the first page begins.
fn first(names: PageParams) -> u32 {
    match names {
        PageParams::OffsetLimit => 0,
        PageParams::PagePerPage | PageParams::PageSize => 1,
    }
}

fn at_least(min: u32) -> Constraints {
    Constraints {
        min: Some(f64::from(min)),
        ..Constraints::NONE
    }
}

fn size_bounds<const MAX: u32>() -> Constraints {
    Constraints {
        max: Some(f64::from(MAX)),
        ..at_least(1)
    }
}

fn size<const MAX: u32>(cx: &Context) -> Result<Option<u32>, Rejection> {
    plain::query(cx, cx.envelope().page_params.size(), &size_bounds::<MAX>())
}

fn describe_size<const DEFAULT: u32, const MAX: u32>(describer: &mut Describer<'_>) {
    let doc = ParamDoc {
        description: "每页条数",
        optional: true,
        default: Some(|| json!(DEFAULT)),
        constraints: size_bounds::<MAX>(),
    };
    let name = describer.page_params().size();
    describer.param::<u32>(ParamKind::Query, name, doc);
}

/// Both values, or everything that is wrong with them.
fn both<A, B>(a: Result<A, Rejection>, b: Result<B, Rejection>) -> Result<(A, B), Rejection> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(Rejection::Fields(a)), Err(Rejection::Fields(b))) => {
            let mut fields = FieldErrors::new();
            fields.merge(a);
            fields.merge(b);
            Err(fields.into())
        }
        (Err(rejection), _) | (_, Err(rejection)) => Err(rejection),
    }
}
