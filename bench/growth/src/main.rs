//! A service with `ROUTES` documented operations (1 where it is not set), to see what an operation costs at the start and
//! what all of them cost a request.
//!
//! The operations are made by hand, since a macro cannot be called a thousand times by a number. They are of the four
//! kinds that services mostly have, over twenty types, so that paths, parameters, bodies and schemas all grow. The first
//! one, `GET /flyer/part0/items/{id}`, is there with any number, and is what the load client asks for.

use fastflyer::{Data, Operation, env, extract::Valid, http::Method, prelude::*};
use serde::de::DeserializeOwned;

#[global_allocator]
static ALLOCATOR: fastflyer::alloc::MiMalloc = fastflyer::alloc::MiMalloc;

fn main() -> Result<()> {
    app(env::parse_or("ROUTES", 1)?).run()
}

fn app(routes: usize) -> FlyerApi {
    let config = Config::new().title("Growth").base_url("/flyer");
    let router = (0..routes).fold(Router::new(), |router, index| {
        router.route(operation(index))
    });
    FlyerApi::new(config).include(router)
}

/// A body or an answer of one of the generated types.
trait Item: Data + Serialize + DeserializeOwned + JsonSchema + Validate<Context = ()> + Send {
    fn numbered(id: u64) -> Self;
}

macro_rules! items {
    ($($name:ident)*) => {
        $(
            /// What the operations of this part take and give.
            #[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
            struct $name {
                /// The number that the path names.
                #[garde(skip)]
                id: u64,
                /// The name, of at most 64 characters.
                #[garde(length(chars, min = 1, max = 64))]
                name: String,
                /// How many there are.
                #[garde(range(min = 0, max = 1000))]
                count: i64,
                /// Words by which it is found.
                #[garde(skip)]
                #[serde(default)]
                tags: Vec<String>,
                /// What else there is to say.
                #[garde(skip)]
                note: Option<String>,
            }

            impl Item for $name {
                fn numbered(id: u64) -> Self {
                    Self { id, name: "item".to_owned(), count: 1, tags: Vec::new(), note: None }
                }
            }
        )*

        /// The constructors of the four kinds, for each type.
        const TYPES: &[fn(usize) -> Operation] = &[$(kind::<$name>),*];
    };
}

items! {
    Account Address Booking Book Cart Category Comment Contract Customer Delivery
    Device Invoice Message Order Payment Picture Product Review Room Ticket
}

fn operation(index: usize) -> Operation {
    TYPES[index % TYPES.len()](index)
        .tag(format!("part {}", index / 20))
        .summary(format!("Operation {index}"))
        .description("Generated, to see what a service with many operations costs.")
}

/// Every fourth operation is of the same kind.
fn kind<T: Item>(index: usize) -> Operation {
    let part = index / 4;
    let items = format!("/part{part}/items");
    let item = format!("{items}/{{id}}");
    match index % 4 {
        0 => Operation::new(Method::GET, item, format!("read_{part}")).handler(read::<T>),
        1 => Operation::new(Method::POST, items, format!("create_{part}")).handler(create::<T>),
        2 => Operation::new(Method::PUT, item, format!("replace_{part}")).handler(replace::<T>),
        _ => Operation::new(Method::GET, items, format!("list_{part}")).handler(list::<T>),
    }
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Filter {
    /// A part of the name.
    #[garde(length(chars, max = 64))]
    name: Option<String>,
    /// The most items of the answer.
    #[garde(range(min = 1, max = 100))]
    #[serde(default = "ten")]
    limit: u64,
}

fn ten() -> u64 {
    10
}

async fn read<T: Item>(Path(id): Path<u64>) -> Reply<T> {
    Reply::success(T::numbered(id))
}

async fn create<T: Item>(Valid(Json(item)): Valid<Json<T>>) -> Reply<T> {
    Reply::success(item)
}

async fn replace<T: Item>(Path(_): Path<u64>, Valid(Json(item)): Valid<Json<T>>) -> Reply<T> {
    Reply::success(item)
}

async fn list<T: Item>(Valid(Query(filter)): Valid<Query<Filter>>) -> Reply<Vec<T>> {
    let wanted = filter.name.is_none_or(|name| "item".contains(&name));
    let count = if wanted { filter.limit } else { 0 };
    Reply::success((0..count).map(T::numbered).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_operations_as_asked_for() {
        for routes in [1, 250, 1000] {
            let sources = fastflyer::Sources::default();
            let app = app(routes).build_with(&sources).unwrap();
            let paths = app.openapi()["paths"].as_object().unwrap();
            let operations = paths
                .iter()
                .filter(|(path, _)| path.contains("/part"))
                .map(|(_, methods)| methods.as_object().unwrap().len())
                .sum::<usize>();
            assert_eq!(operations, routes);
        }
    }
}
