//! Statements with their values, and the rows that come back, the same for both databases.

use std::borrow::Cow;
use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Postgres, Row as _, SqlSafeStr as _, Sqlite, Type};

use super::Connection;

/// A statement whose parameters are numbered `$1`, `$2` …
#[derive(Debug)]
pub(crate) struct Statement<'v> {
    sql: Cow<'static, str>,
    values: Vec<Value<'v>>,
}

/// A value of a parameter.
#[derive(Debug)]
pub(crate) enum Value<'v> {
    Integer(Option<i64>),
    Text(Option<Cow<'v, str>>),
    Boolean(bool),
}

/// A statement of fixed text.
pub(crate) fn query<'v>(sql: &'static str) -> Statement<'v> {
    Statement {
        sql: Cow::Borrowed(sql),
        values: Vec::new(),
    }
}

/// A statement whose text this crate put together out of its own literals.
pub(crate) fn statement<'v>(sql: String) -> Statement<'v> {
    Statement {
        sql: Cow::Owned(sql),
        values: Vec::new(),
    }
}

/// Binds the values to a query of one of the two databases.
macro_rules! bound {
    ($statement:ident) => {{
        let sql = match $statement.sql {
            Cow::Borrowed(sql) => sql.into_sql_str(),
            Cow::Owned(sql) => AssertSqlSafe(sql).into_sql_str(),
        };
        let mut query = sqlx::query(sql);
        for value in &$statement.values {
            query = match value {
                Value::Integer(value) => query.bind(*value),
                Value::Text(value) => query.bind(value.as_deref()),
                Value::Boolean(value) => query.bind(*value),
            };
        }
        query
    }};
}

impl<'v> Statement<'v> {
    /// The value of the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value<'v>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// More text.
    pub(crate) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// The next parameter and its value.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'v>>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a string cannot fail.
        let _ = write!(self.sql.to_mut(), "${}", self.values.len());
        self
    }

    /// Runs it; how many rows it changed.
    pub(crate) async fn execute(self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        Ok(match connection {
            Connection::Sqlite(held) => {
                let query = bound!(self);
                query.execute(held.connection()).await?.rows_affected()
            }
            Connection::Postgres(held) => {
                let query = bound!(self);
                query.execute(held.connection()).await?.rows_affected()
            }
        })
    }

    /// Runs it; all its rows.
    pub(crate) async fn fetch_all(
        self,
        connection: &mut Connection,
    ) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match connection {
            Connection::Sqlite(held) => {
                let rows = bound!(self).fetch_all(held.connection()).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Connection::Postgres(held) => {
                let rows = bound!(self).fetch_all(held.connection()).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Runs it; its first row, if there is one.
    pub(crate) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(match connection {
            Connection::Sqlite(held) => {
                let row = bound!(self).fetch_optional(held.connection()).await?;
                row.map(Row::Sqlite)
            }
            Connection::Postgres(held) => {
                let row = bound!(self).fetch_optional(held.connection()).await?;
                row.map(Row::Postgres)
            }
        })
    }

    /// Runs it; its first row.
    pub(crate) async fn fetch_one(self, connection: &mut Connection) -> Result<Row, sqlx::Error> {
        let row = self.fetch_optional(connection).await?;
        row.ok_or(sqlx::Error::RowNotFound)
    }
}

/// A row of either database.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

impl Row {
    /// The value in a column, by name or by number.
    pub(crate) fn try_get<'r, T, I>(&'r self, column: I) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<sqlx::sqlite::SqliteRow> + ColumnIndex<sqlx::postgres::PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(value: &'v String) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Some(Cow::Owned(value)))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(Cow::Owned))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(value: Option<&'v str>) -> Self {
        Self::Text(value.map(Cow::Borrowed))
    }
}
