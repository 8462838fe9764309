//! Connections: `first`/`last` with `after`/`before`, as GitHub bounds them.

use super::Problem;
use super::node::{Node, Out};
use serde_json::{Map, Value, json};

/// A page of a list.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// GraphQL type.
    pub type_name: &'static str,
    nodes: Vec<Node>,
    total: usize,
    start: usize,
}

/// Most nodes one page may have.
const PAGE_LIMIT: i64 = 100;

impl Connection {
    /// Cuts the page that the arguments ask for. Cursors are positions.
    pub fn page(
        type_name: &'static str,
        field: &str,
        nodes: Vec<Node>,
        args: &Map<String, Value>,
    ) -> Result<Out, Problem> {
        let count = |name: &str| args.get(name).and_then(Value::as_i64);
        let cursor = |name: &str| {
            args.get(name)
                .and_then(Value::as_str)
                .and_then(|text| text.parse::<usize>().ok())
        };
        let (first, last) = (count("first"), count("last"));
        let asked = first.or(last).ok_or_else(|| {
            Problem::new(
                "MISSING_PAGINATION_BOUNDARIES",
                format!("You must provide a `first` or `last` value to properly paginate the `{field}` connection."),
            )
        })?;
        if !(0..=PAGE_LIMIT).contains(&asked) {
            return Err(Problem::new(
                "EXCESSIVE_PAGINATION",
                format!(
                    "Requesting {asked} records on the `{field}` connection exceeds the `first` limit of {PAGE_LIMIT} records."
                ),
            ));
        }
        let total = nodes.len();
        let low = cursor("after")
            .map_or(0, |position| position + 1)
            .min(total);
        let high = cursor("before").unwrap_or(total).clamp(low, total);
        let size = usize::try_from(asked).unwrap_or(0).min(high - low);
        let start = if first.is_some() { low } else { high - size };
        let nodes = nodes.into_iter().skip(start).take(size).collect();
        Ok(Out::Node(Node::Connection(Self {
            type_name,
            nodes,
            total,
            start,
        })))
    }

    /// A field of the connection.
    pub fn field(&self, name: &str) -> Out {
        match name {
            "nodes" => Out::List(self.nodes.clone()),
            "totalCount" => self.total.into(),
            "pageInfo" => Out::Node(Node::PageInfo(self.clone())),
            _ => Out::Null,
        }
    }

    /// A field of its `pageInfo`.
    pub fn page_info(&self, name: &str) -> Out {
        let end = self.start + self.nodes.len();
        let cursor = |position: usize| {
            if self.nodes.is_empty() {
                Out::Null
            } else {
                json!(position.to_string()).into()
            }
        };
        match name {
            "hasNextPage" => (end < self.total).into(),
            "hasPreviousPage" => (self.start > 0).into(),
            "startCursor" => cursor(self.start),
            "endCursor" => cursor(end.saturating_sub(1)),
            _ => Out::Null,
        }
    }
}
