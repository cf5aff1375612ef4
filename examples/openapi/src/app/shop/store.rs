//! 商店的数据：为便于演示，保存在进程的内存中，重启后恢复原样。

use super::{
    codes::ShopCode,
    schemas::{Category, Order, OrderRequest, Product, ProductFilter, Report},
};
use fastflyer::prelude::*;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// 保留的订单数，避免内存无限增长。
const MAX_ORDERS: usize = 1_000;

/// 接口之间共享的状态，克隆的是同一份数据的引用。
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<Data>>);

#[derive(Debug, Default)]
struct Data {
    products: BTreeMap<String, Product>,
    orders: BTreeMap<u64, Order>,
    last_order: u64,
}

impl Store {
    /// 一家有货的商店。
    pub fn with_samples() -> Self {
        let store = Self::default();
        for (sku, name, category, price, stock) in [
            ("BK-0001", "Rust 程序设计语言", Category::Book, 9_900, 20),
            ("BK-0002", "深入浅出 HTTP", Category::Book, 5_900, 8),
            ("FD-0001", "高山绿茶", Category::Food, 12_800, 50),
            ("FD-0002", "桂花糕", Category::Food, 2_600, 0),
            ("TL-0001", "机械键盘", Category::Tool, 39_900, 5),
        ] {
            let product = Product { sku: sku.to_owned(), name: name.to_owned(), category, price, stock };
            store.data().products.insert(sku.to_owned(), product);
        }
        store
    }

    /// 符合条件的全部商品，按编号排序。
    pub fn products(&self, filter: &ProductFilter) -> Vec<Product> {
        let matches = |product: &&Product| {
            filter.category.is_none_or(|category| product.category == category)
                && filter.keyword.as_ref().is_none_or(|keyword| product.name.contains(keyword))
        };
        self.data().products.values().filter(matches).cloned().collect()
    }

    /// 一件商品。
    ///
    /// # Errors
    ///
    /// 商品不存在。
    pub fn product(&self, sku: &str) -> Result<Product> {
        let product = self.data().products.get(sku).cloned();
        product.ok_or_else(|| ApiError::code(ShopCode::ProductNotFound))
    }

    /// 下单：扣减库存，计算总价。
    ///
    /// # Errors
    ///
    /// 商品不存在或库存不足，此时不会扣减任何库存。
    pub fn place_order(&self, request: OrderRequest) -> Result<Order> {
        let mut data = self.data();
        // 同一种商品可能出现多次，先合计数量。
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        for item in &request.items {
            *wanted.entry(&item.sku).or_default() += item.quantity;
        }
        let mut total = 0;
        for (sku, quantity) in &wanted {
            let product = data.products.get(*sku).ok_or_else(|| {
                ApiError::code(ShopCode::ProductNotFound).detail(format!("没有编号为 {sku} 的商品"))
            })?;
            if product.stock < *quantity {
                let detail = format!("{} 只剩 {} 件", product.name, product.stock);
                return Err(ApiError::code(ShopCode::OutOfStock).detail(detail));
            }
            total += product.price * u64::from(*quantity);
        }
        for (sku, quantity) in wanted {
            if let Some(product) = data.products.get_mut(sku) {
                product.stock -= quantity;
            }
        }
        data.last_order += 1;
        let order = Order {
            id: data.last_order,
            customer: request.customer,
            items: request.items,
            remark: request.remark.unwrap_or_default(),
            total,
        };
        data.orders.insert(order.id, order.clone());
        if data.orders.len() > MAX_ORDERS {
            data.orders.pop_first();
        }
        Ok(order)
    }

    /// 一张订单。
    ///
    /// # Errors
    ///
    /// 订单不存在。
    pub fn order(&self, id: u64) -> Result<Order> {
        let order = self.data().orders.get(&id).cloned();
        order.ok_or_else(|| ApiError::code(ShopCode::OrderNotFound))
    }

    /// 取消订单，归还库存。
    ///
    /// # Errors
    ///
    /// 订单不存在。
    pub fn cancel_order(&self, id: u64) -> Result<()> {
        let mut data = self.data();
        let order = data.orders.remove(&id).ok_or_else(|| ApiError::code(ShopCode::OrderNotFound))?;
        for item in &order.items {
            if let Some(product) = data.products.get_mut(&item.sku) {
                product.stock += item.quantity;
            }
        }
        Ok(())
    }

    /// 统计订单和库存。
    pub fn report(&self) -> Report {
        let data = self.data();
        Report {
            orders: data.orders.len(),
            revenue: data.orders.values().map(|order| order.total).sum(),
            stock_value: data.products.values().map(|p| p.price * u64::from(p.stock)).sum(),
        }
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        // 持锁期间的代码不会留下改了一半的数据，因此锁中毒后可以继续使用。
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
