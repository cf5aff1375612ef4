//! 业务返回码：前三位是 HTTP 状态码，后面的数字由业务自行定义。
//!
//! 文本写在这里，也可以由 `locales/<语言>.toml` 覆盖或补充；响应按请求的 `Accept-Language` 选择语言。
//! 全部返回码：`GET {base}/codes`，或 `cargo run -- codes`。

use fastflyer::prelude::*;

/// 商店的返回码。
#[derive(Clone, Copy, Debug, ResponseCode)]
pub enum ShopCode {
    /// 下单成功，响应带有订单地址
    #[code(201101, zh = "下单成功", en = "Order placed")]
    OrderCreated,
    /// 没有这个编号的商品
    #[code(404101, zh = "商品不存在", en = "No such product")]
    ProductNotFound,
    /// 没有这个编号的订单，或已取消
    #[code(404102, zh = "订单不存在", en = "No such order")]
    OrderNotFound,
    /// 库存少于下单数量，英文文本见 `locales/en.toml`
    #[code(409101, zh = "库存不足")]
    OutOfStock,
}
