//! The macros of fastkit: `#[cached]` keeps what a function returns.
//!
//! It is sugar: what it writes can be written by hand with `Pool::get_or_load`. Entry points only; the
//! work is done on tokens in the modules, where it can be tested.

mod cached;
mod options;
mod template;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use quote::quote;

/// Keeps what a function returns, for all who call it with the same arguments.
///
/// On plain and asynchronous functions and methods. Of all who miss a value at the same time one runs
/// the function, the others wait for its result. An `Err` is not kept, nor is a `None`.
///
/// | option | | default |
/// |---|---|---|
/// | `ttl` | how long a value is kept: seconds, a text with a unit (`"500ms"`, `"5m"`, `"2h"`), or an expression of type `Duration`; 0 is without end | `120` |
/// | `key` | a text with what stands in braces filled in (`"user:{id}"`, `"{self.name}/{page.number}"`), or an expression that is `Hash + Eq` (`(a, b)`) | function and arguments |
/// | `pool` | the name of the pool | one of its own, named after the function |
/// | `backend` | a `Remote` that keeps the values outside of this process; for an `async fn` with a text as `key`, of values that are JSON | this process |
/// | `max_size` | the most values, of a pool of its own | `256` |
/// | `policy` | which value makes room, of a pool of its own: `"fifo"`, `"lru"`, `"lfu"`, `"lifo"`, `"mru"`, `"rr"` | `"fifo"` |
/// | `negative` | how long an `Err` or a `None` is kept, as `ttl` | not at all |
/// | `refresh_ahead` | how long before its end a value that is asked for is loaded anew, while everybody still gets the old one, as `ttl` | not at all |
///
/// Beside `f` it writes `invalidate_f` with the same arguments, which removes the value of these
/// and tells whether there was one. With a `pool` and a text as `key`, `pool.delete(key)` does, too.
///
/// Without a `key`, all arguments have to be `Hash + Eq + Clone + Send + Sync + 'static` or a reference
/// to such a value; `self` takes part only by a `key`. Arguments are compared by value. What the
/// function returns has to be `Clone + Send + Sync + 'static`. Functions with type parameters, and
/// methods of a trait's `impl`, cannot be cached. Methods keep apart what belongs to different types;
/// an associated function without `self` cannot know the type that it is called on.
///
/// ```text
/// #[cached(ttl = 60, key = "user:{id}", pool = "users")]
/// async fn user(db: &Database, id: u64) -> Result<User, DbError> { .. }
///
/// invalidate_user(&db, 7); // or cache::pool("users").delete("user:7")
/// ```
#[proc_macro_attribute]
pub fn cached(attribute: TokenStream, item: TokenStream) -> TokenStream {
    cached::lower(&quote!(::fastkit), attribute.into(), item.into()).into()
}

/// [`macro@cached`] for those who know fastkit as `fastflyer::fastkit` only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn cached_of_fastflyer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    cached::lower(&quote!(::fastflyer::fastkit), attribute.into(), item.into()).into()
}
