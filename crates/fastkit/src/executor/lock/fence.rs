//! [`Fence`]: the number of a lease, and writes that check it.
//!
//! No lock keeps a holder from writing after it has lost the lock: it can be stopped between the look at the
//! lock and the write, for longer than any ttl. So the place that is written to has to refuse it, which is
//! what these do: a write goes with the number of its lease, and only where no greater one was before.

use std::fmt;

/// The number of a lease, greater than that of every lease of the same name before. What a job writes
/// elsewhere is safe against a run that has lost its lock and does not know it yet, if the write checks that
/// no greater number was there before.
///
/// It is the milliseconds since 1970 of the moment at which the lease was had, or one more than the last
/// number where that is greater. So it fits into the columns and counters of everything that keeps 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub(crate) u64);

impl Fence {
    /// A number that was had elsewhere: from a back end of one's own, or from another process.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The condition of an SQL statement that keeps it from changing a row which a newer lease has changed:
    /// `(fence IS NULL OR fence <= 123)`. The column is an integer of 64 bits that may be null, and the same
    /// statement writes the number along; see [`sql_assignment`](Self::sql_assignment). Whether the write
    /// was refused is told by the number of rows that it changed.
    ///
    /// ```
    /// use fastkit::executor::lock::Fence;
    ///
    /// # fn main() -> Result<(), fastkit::executor::lock::ColumnError> {
    /// let fence = Fence::new(1_790_000_000_123);
    /// let statement = format!(
    ///     "UPDATE report SET total = ?, {} WHERE id = ? AND {}",
    ///     fence.sql_assignment("fence")?,
    ///     fence.sql_condition("fence")?,
    /// );
    /// assert_eq!(
    ///     statement,
    ///     "UPDATE report SET total = ?, fence = 1790000000123 \
    ///      WHERE id = ? AND (fence IS NULL OR fence <= 1790000000123)"
    /// );
    /// // No row changed: a newer run was there, and this one has to stop.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A name that is not made of letters, digits and underscores, with dots between its parts, such as
    /// `report.fence`: it becomes a part of the statement as it is.
    pub fn sql_condition(self, column: &str) -> Result<String, ColumnError> {
        let column = checked(column)?;
        Ok(format!("({column} IS NULL OR {column} <= {})", self.0))
    }

    /// What a statement with [`sql_condition`](Self::sql_condition) sets along: `fence = 123`.
    ///
    /// # Errors
    ///
    /// As for the condition.
    pub fn sql_assignment(self, column: &str) -> Result<String, ColumnError> {
        Ok(format!("{} = {}", checked(column)?, self.0))
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that cannot be the name of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnError(String);

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no name of a column; expected letters, digits and underscores, no digit first, with dots between the parts",
            self.0
        )
    }
}

impl std::error::Error for ColumnError {}

/// A column, with its table and schema or without.
fn checked(column: &str) -> Result<&str, ColumnError> {
    let is_name = |part: &str| {
        part.len() <= 64
            && part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if column.split('.').count() <= 3 && column.split('.').all(is_name) {
        Ok(column)
    } else {
        Err(ColumnError(column.chars().take(100).collect()))
    }
}

#[cfg(feature = "redis")]
mod in_redis {
    use super::Fence;
    use crate::redis::{Error, Redis, Script, ToRedisArgs};
    use std::sync::LazyLock;

    /// Keys: the fence and, to set it, the value. Arguments: the number and the value.
    static CHECK: LazyLock<Script> = LazyLock::new(|| {
        Script::new(
            "local last = redis.call('GET', KEYS[1])
            if last and tonumber(last) > tonumber(ARGV[1]) then return 0 end
            if #ARGV ~= #KEYS then return redis.error_reply('ERR one value is expected') end
            redis.call('SET', KEYS[1], ARGV[1])
            if KEYS[2] then redis.call('SET', KEYS[2], ARGV[2]) end
            return 1",
        )
    });

    impl Fence {
        /// Keeps a value in Redis unless a newer lease has written this key: false, and nothing is changed.
        /// Check and write are one step. The number stays beside the value, under the key `{key}:fence` with
        /// the braces, or `key:fence` where the key has braces itself, so that both are together in a
        /// cluster.
        ///
        /// ```no_run
        /// # async fn example() -> Result<(), fastkit::redis::Error> {
        /// use fastkit::{executor::lock::Fence, redis::Redis};
        ///
        /// let redis = Redis::open("redis://127.0.0.1/1")?;
        /// let (older, newer) = (Fence::new(1), Fence::new(2));
        /// assert!(newer.redis_set(&redis, "report", "of the newer run").await?);
        /// assert!(!older.redis_set(&redis, "report", "of the older run").await?);
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// See [`Redis::script`]. After a timeout it is not known whether the value was written.
        pub async fn redis_set(
            self,
            redis: &Redis,
            key: &str,
            value: impl ToRedisArgs,
        ) -> Result<bool, Error> {
            let fence = beside(key);
            redis.script(&CHECK, &[&fence, key], (self.0, value)).await
        }

        /// Shuts older leases out of everything that checks this key, and tells whether this lease may go
        /// on: false when a newer one was there. It is for places that cannot compare by themselves. A newer
        /// lease can still begin between this check and the write, so where it is possible take
        /// [`redis_set`](Self::redis_set), or a script of your own that compares in the same step.
        ///
        /// # Errors
        ///
        /// See [`Redis::script`].
        pub async fn redis_check(self, redis: &Redis, key: &str) -> Result<bool, Error> {
            redis.script(&CHECK, &[&beside(key)], self.0).await
        }
    }

    /// The key of the number.
    fn beside(key: &str) -> String {
        let has_tag = key
            .split_once('{')
            .is_some_and(|(_, rest)| rest.split_once('}').is_some_and(|(tag, _)| !tag.is_empty()));
        if has_tag {
            format!("{key}:fence")
        } else {
            format!("{{{key}}}:fence")
        }
    }

    #[cfg(test)]
    #[test]
    fn the_number_is_beside_its_value() {
        assert_eq!(beside("report"), "{report}:fence");
        assert_eq!(beside("{tenant}:report"), "{tenant}:report:fence");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_checked() {
        let fence = Fence::new(7);
        for column in ["fence", "_f1", "report.fence", "public.report.fence"] {
            assert_eq!(
                fence.sql_condition(column).unwrap(),
                format!("({column} IS NULL OR {column} <= 7)")
            );
        }
        let long = "x".repeat(65);
        for column in [
            "",
            "1a",
            "a b",
            "a;--",
            "a.",
            ".a",
            "a.b.c.d",
            "a`",
            "\"a\"",
            "围栏",
            long.as_str(),
        ] {
            let error = fence.sql_condition(column).unwrap_err();
            assert!(error.to_string().contains("is no name of a column"));
            assert!(fence.sql_assignment(column).is_err(), "{column}");
        }
    }
}
