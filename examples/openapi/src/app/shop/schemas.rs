//! 商店的输入输出参数：`garde` 属性既是校验规则，也写入接口文档。

use fastflyer::prelude::*;

/// 商品类别。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// 图书
    Book,
    /// 食品
    Food,
    /// 工具
    Tool,
}

/// 商品。
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Product {
    /// 商品编号
    #[schemars(example = "BK-0001")]
    pub sku: String,
    /// 名称
    pub name: String,
    /// 类别
    pub category: Category,
    /// 单价，单位为分
    pub price: u64,
    /// 库存
    pub stock: u32,
}

/// 商品列表的过滤条件。
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct ProductFilter {
    /// 名称中包含的文字
    #[garde(length(chars, min = 1, max = 32))]
    pub keyword: Option<String>,
    /// 类别
    #[garde(skip)]
    pub category: Option<Category>,
}

/// 下单：请求参数。
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct OrderRequest {
    /// 收货人
    #[garde(dive)]
    pub customer: Customer,
    /// 商品，1 到 20 种
    #[garde(length(min = 1, max = 20), dive)]
    pub items: Vec<OrderItem>,
    /// 备注
    #[garde(length(chars, max = 200))]
    pub remark: Option<String>,
}

/// 收货人。
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
pub struct Customer {
    /// 姓名
    #[garde(length(chars, min = 1, max = 32))]
    #[schemars(example = &"张三")]
    pub name: String,
    /// 手机号码
    #[garde(pattern(r"^1[3-9][0-9]{9}$"))]
    #[schemars(example = "13800000000")]
    pub phone: String,
    /// 收货地址
    #[garde(dive)]
    pub address: Address,
}

/// 地址。
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
pub struct Address {
    /// 城市
    #[garde(length(chars, min = 1, max = 32))]
    #[schemars(example = &"深圳")]
    pub city: String,
    /// 街道
    #[garde(length(chars, min = 1, max = 128))]
    pub street: String,
    /// 邮政编码
    #[garde(pattern(r"^[0-9]{6}$"))]
    #[schemars(example = "518000")]
    pub postcode: String,
}

/// 订单中的一种商品。
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, Validate)]
pub struct OrderItem {
    /// 商品编号
    #[garde(pattern(r"^[A-Z]{2}-[0-9]{4}$"))]
    #[schemars(example = "BK-0001")]
    pub sku: String,
    /// 数量
    #[garde(range(min = 1, max = 99))]
    #[schemars(example = 2)]
    pub quantity: u32,
}

/// 订单。
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Order {
    /// 订单号
    pub id: u64,
    /// 收货人
    pub customer: Customer,
    /// 商品
    pub items: Vec<OrderItem>,
    /// 备注
    pub remark: String,
    /// 总价，单位为分
    pub total: u64,
}

/// 经营报表。
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// 订单数
    pub orders: usize,
    /// 销售额，单位为分
    pub revenue: u64,
    /// 库存总值，单位为分
    pub stock_value: u64,
}

/// 收到的文件。
#[derive(Debug, Serialize, JsonSchema)]
pub struct Upload {
    /// 客户端的文件名，不可用作服务器上的路径
    pub file_name: String,
    /// 文件类型
    pub content_type: String,
    /// 字节数
    pub bytes: u64,
}

/// 访问记录。
#[derive(Debug, Serialize, JsonSchema)]
pub struct Visit {
    /// 客户端标识，来自请求头 `x-client-id`
    pub client: String,
    /// 第几次访问，来自 Cookie
    pub visits: u32,
}
