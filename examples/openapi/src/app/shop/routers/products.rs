//! 商品：查询、分页、上传，以及已废弃的接口。

use crate::shop::{
    codes::ShopCode,
    schemas::{Product, ProductFilter, Upload},
    store::Store,
};
use fastflyer::prelude::*;

/// 演示接口：分页查询商品
///
/// - `Query` 将多个查询参数收集为一个结构体，`Pagination` 读取页码和每页条数；
/// - 返回 `Page`，响应中的 `data.meta.pagination` 由框架填写。
#[get("/products", summary = "商品列表接口")]
async fn list_products(
    State(store): State<Store>,
    Query(filter): Query<ProductFilter>,
    pagination: Pagination<10>,
) -> Page<Product> {
    pagination.cut(store.products(&filter))
}

/// 演示接口：查询商品
///
/// 业务错误以 `Err` 返回；`codes` 将其写入文档。
#[get("/products/{sku}", summary = "商品查询接口", codes = [ShopCode::ProductNotFound])]
async fn get_product(sku: String, State(store): State<Store>) -> Result<Product> {
    store.product(&sku)
}

/// 演示接口：上传商品图片
///
/// 文件边接收边处理，不占用内存；`body_limit` 单独放宽本接口的请求体上限。
#[post(
    "/products/{sku}/image",
    summary = "图片上传接口",
    codes = [ShopCode::ProductNotFound],
    body_limit = 8 * 1024 * 1024
)]
async fn upload_image(
    sku: String,
    State(store): State<Store>,
    mut parts: Multipart,
) -> Result<Vec<Upload>> {
    store.product(&sku)?;
    let mut uploads = Vec::new();
    while let Some(mut part) = parts.next().await? {
        let mut upload = Upload {
            file_name: part.file_name().unwrap_or_default().to_owned(),
            content_type: part.content_type().unwrap_or_default().to_owned(),
            bytes: 0,
        };
        while let Some(chunk) = part.chunk().await? {
            upload.bytes += chunk.len() as u64;
        }
        uploads.push(upload);
    }
    Ok(uploads)
}

/// 演示接口：已废弃
///
/// 请改用商品列表接口。
#[get("/goods", summary = "旧的商品列表接口", deprecated)]
async fn list_goods(State(store): State<Store>) -> Vec<Product> {
    store.products(&ProductFilter { keyword: None, category: None })
}

/// 商品的路由。
pub fn router() -> Router {
    routes![list_products, get_product, upload_image, list_goods]
}
