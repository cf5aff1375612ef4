//! 业务错误码：前三位是 HTTP 状态码，后面的数字由业务自行定义。

use fastflyer::prelude::*;

/// 商店的业务码。
#[derive(Clone, Copy, Debug)]
pub enum ShopCode {
    /// 下单成功
    OrderCreated = 201_101,
    /// 商品不存在
    ProductNotFound = 404_101,
    /// 订单不存在
    OrderNotFound = 404_102,
    /// 库存不足
    OutOfStock = 409_101,
}

impl ShopCode {
    /// 业务码的文字，随响应返回。
    pub fn text(self) -> &'static str {
        match self {
            Self::OrderCreated => "下单成功",
            Self::ProductNotFound => "商品不存在",
            Self::OrderNotFound => "订单不存在",
            Self::OutOfStock => "库存不足",
        }
    }

    /// 以此业务码失败：`return Err(ShopCode::OutOfStock.error())`。
    pub fn error(self) -> ApiError {
        ApiError::code(self).message(self.text())
    }
}

impl From<ShopCode> for u32 {
    fn from(code: ShopCode) -> Self {
        code as Self
    }
}
