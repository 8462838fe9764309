//! Execution: exactly the requested members, fragments by type, nulls carried up as the schema demands.

use super::node::{Node, Out};
use super::schema::{Schema, TypeRef};
use super::validate::{Validated, to_json};
use super::{Context, Problem, resolve};
use graphql_parser::query::{Directive, Field, Selection, SelectionSet, Type, TypeCondition};
use serde_json::{Map, Value, json};

/// Runs the operation; gives `data` and `errors`.
pub(super) fn run(
    context: &mut Context<'_>,
    schema: &Schema,
    request: &Validated<'_>,
) -> (Value, Vec<Value>) {
    let root = if request.root == "Mutation" {
        Node::Mutation
    } else {
        Node::Query
    };
    let mut execution = Execution {
        context,
        schema,
        request,
        path: Vec::new(),
        errors: Vec::new(),
    };
    let data = execution.object(&root, &[request.selection]);
    (data.unwrap_or(Value::Null), execution.errors)
}

/// A value must not be null here: the parent becomes null instead.
struct Void;

struct Execution<'a, 'w, 'd> {
    context: &'a mut Context<'w>,
    schema: &'a Schema,
    request: &'a Validated<'d>,
    path: Vec<Value>,
    errors: Vec<Value>,
}

type Sets<'d> = [&'d SelectionSet<'static, String>];

impl<'d> Execution<'_, '_, 'd> {
    fn object(&mut self, node: &Node, sets: &Sets<'d>) -> Result<Value, Void> {
        let type_name = node.type_name(self.context.world);
        let mut grouped: Vec<(String, Vec<&'d Field<'static, String>>)> = Vec::new();
        for set in sets {
            self.collect(set, type_name, &mut grouped);
        }
        let mut object = Map::new();
        for (key, fields) in grouped {
            self.path.push(json!(key));
            let value = self.field(node, type_name, &fields);
            self.path.pop();
            object.insert(key, value?);
        }
        Ok(Value::Object(object))
    }

    fn collect(
        &self,
        set: &'d SelectionSet<'static, String>,
        type_name: &str,
        grouped: &mut Vec<(String, Vec<&'d Field<'static, String>>)>,
    ) {
        for item in &set.items {
            match item {
                Selection::Field(field) if self.included(&field.directives) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    match grouped.iter_mut().find(|(name, _)| name == key) {
                        Some((_, fields)) => fields.push(field),
                        None => grouped.push((key.clone(), vec![field])),
                    }
                }
                Selection::InlineFragment(fragment) if self.included(&fragment.directives) => {
                    let fits =
                        fragment
                            .type_condition
                            .as_ref()
                            .is_none_or(|TypeCondition::On(target)| {
                                self.schema.satisfies(type_name, target)
                            });
                    if fits {
                        self.collect(&fragment.selection_set, type_name, grouped);
                    }
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    if let Some(fragment) =
                        self.request.fragments.get(spread.fragment_name.as_str())
                    {
                        let TypeCondition::On(target) = &fragment.type_condition;
                        if self.schema.satisfies(type_name, target) {
                            self.collect(&fragment.selection_set, type_name, grouped);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `@include` and `@skip`.
    fn included(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.iter().find(|(name, _)| name == "if");
            let holds = condition.is_some_and(|(_, value)| {
                to_json(value, &self.request.variables) == Value::Bool(true)
            });
            match directive.name.as_str() {
                "include" => holds,
                "skip" => !holds,
                _ => true,
            }
        })
    }

    fn field(
        &mut self,
        node: &Node,
        type_name: &str,
        fields: &[&'d Field<'static, String>],
    ) -> Result<Value, Void> {
        let Some(first) = fields.first() else {
            return Ok(Value::Null);
        };
        if first.name == "__typename" {
            return Ok(json!(type_name));
        }
        let Some(definition) = self.schema.field(type_name, &first.name) else {
            return Ok(Value::Null);
        };
        let args: Map<String, Value> = first
            .arguments
            .iter()
            .map(|(name, value)| (name.clone(), to_json(value, &self.request.variables)))
            .filter(|(_, value)| !value.is_null())
            .collect();
        let sets: Vec<&SelectionSet<'static, String>> =
            fields.iter().map(|field| &field.selection_set).collect();
        let ty = &definition.ty;
        match resolve::field(self.context, node, &first.name, &args) {
            Ok(out) => self.complete(out, ty, &sets),
            Err(problem) => {
                self.report(&problem);
                null_or_void(ty)
            }
        }
    }

    fn complete(&mut self, out: Out, ty: &TypeRef, sets: &Sets<'d>) -> Result<Value, Void> {
        let value = match out {
            Out::Null => Value::Null,
            Out::Scalar(value) => value,
            Out::Node(node) => match self.object(&node, sets) {
                Ok(value) => value,
                Err(Void) => return null_or_void(ty),
            },
            Out::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    self.path.push(json!(index));
                    let value = self.object(&item, sets);
                    self.path.pop();
                    list.push(value.unwrap_or(Value::Null));
                }
                Value::Array(list)
            }
        };
        if value.is_null() {
            null_or_void(ty)
        } else {
            Ok(value)
        }
    }

    fn report(&mut self, problem: &Problem) {
        self.errors.push(json!({
            "type": problem.kind,
            "path": self.path,
            "message": problem.message,
            "locations": [{"line": 1, "column": 1}],
        }));
    }
}

fn null_or_void(ty: &TypeRef) -> Result<Value, Void> {
    if matches!(ty, Type::NonNullType(_)) {
        Err(Void)
    } else {
        Ok(Value::Null)
    }
}
