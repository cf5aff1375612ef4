//! 订单：嵌套结构的校验、业务码、201 与 204。

use crate::shop::{
    codes::ShopCode,
    schemas::{Order, OrderRequest},
    store::Store,
};
use fastflyer::prelude::*;

/// 演示接口：下单
///
/// - 不符合要求的字段一次全部返回，例如 `items[0].quantity`；
/// - 成功时返回业务码和 `Location` 头部。
#[post(
    "/orders",
    summary = "下单接口",
    codes = [ShopCode::OrderCreated, ShopCode::ProductNotFound, ShopCode::OutOfStock]
)]
async fn create_order(
    State(store): State<Store>,
    Json(request): Json<OrderRequest>,
) -> Result<Reply<Order>> {
    let order = store.place_order(request)?;
    let location = format!("orders/{}", order.id);
    Ok(Reply::success(order).code(ShopCode::OrderCreated).location(&location))
}

/// 演示接口：查询订单
#[get("/orders/{id}", summary = "订单查询接口", codes = [ShopCode::OrderNotFound])]
async fn get_order(id: u64, State(store): State<Store>) -> Result<Order> {
    store.order(id)
}

/// 演示接口：取消订单
///
/// 成功时返回 204，没有响应体。
#[delete("/orders/{id}", summary = "订单取消接口", codes = [204, ShopCode::OrderNotFound])]
async fn cancel_order(id: u64, State(store): State<Store>) -> Result<Reply> {
    store.cancel_order(id)?;
    Ok(Reply::no_content())
}

/// 订单的路由。
pub fn router() -> Router {
    routes![create_order, get_order, cancel_order]
}
