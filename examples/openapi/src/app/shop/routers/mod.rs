//! 商店的路由：商品、订单、其他。

pub mod extras;
pub mod orders;
pub mod products;

use fastflyer::prelude::*;

/// 本应用的全部路由。
pub fn router() -> Router {
    Router::new()
        .tag("商店")
        .prefix("/shop")
        .include(products::router())
        .include(orders::router())
        .include(extras::router())
}
