//! Whether a document fits the schema and its variables fit their types, with errors worded as GitHub does.

use super::schema::{Input, Schema, TypeKind, TypeRef, inner};
use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    Type, TypeCondition, Value as Literal, VariableDefinition,
};
use serde_json::{Map, Number, Value, json};
use std::collections::{BTreeSet, HashMap};

/// A document that may be executed.
pub(super) struct Validated<'d> {
    /// `Query` or `Mutation`.
    pub root: &'static str,
    /// Selection of the operation.
    pub selection: &'d SelectionSet<'static, String>,
    /// Fragments by name.
    pub fragments: HashMap<&'d str, &'d FragmentDefinition<'static, String>>,
    /// Variables with defaults filled in.
    pub variables: Map<String, Value>,
}

impl<'d> Validated<'d> {
    /// Validates; the errors are ready for the answer.
    pub fn new(
        schema: &Schema,
        document: &'d Document<'static, String>,
        operation: &'d OperationDefinition<'static, String>,
        provided: Map<String, Value>,
    ) -> Result<Self, Vec<Value>> {
        let none: &[VariableDefinition<'static, String>] = &[];
        let (root, selection, definitions) = match operation {
            OperationDefinition::Query(query) => (
                "Query",
                &query.selection_set,
                query.variable_definitions.as_slice(),
            ),
            OperationDefinition::Mutation(mutation) => (
                "Mutation",
                &mutation.selection_set,
                mutation.variable_definitions.as_slice(),
            ),
            OperationDefinition::SelectionSet(selection) => ("Query", selection, none),
            OperationDefinition::Subscription(_) => {
                return Err(vec![
                    json!({"message": "Schema is not configured for subscriptions"}),
                ]);
            }
        };
        let fragments = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
                Definition::Operation(_) => None,
            })
            .collect();
        let mut pass = Pass {
            schema,
            fragments: &fragments,
            used_fragments: BTreeSet::new(),
            used_variables: BTreeSet::new(),
            path: vec![root.to_ascii_lowercase()],
            errors: Vec::new(),
        };
        pass.selection(selection, root);
        pass.leftovers(definitions);
        let variables = pass.variables(definitions, provided);
        let errors = pass.errors;
        if errors.is_empty() {
            Ok(Self {
                root,
                selection,
                fragments,
                variables,
            })
        } else {
            Err(errors)
        }
    }
}

struct Pass<'s, 'd> {
    schema: &'s Schema,
    fragments: &'s HashMap<&'d str, &'d FragmentDefinition<'static, String>>,
    used_fragments: BTreeSet<String>,
    used_variables: BTreeSet<String>,
    path: Vec<String>,
    errors: Vec<Value>,
}

impl Pass<'_, '_> {
    fn error(&mut self, message: String, code: &str) {
        self.errors
            .push(json!({"message": message, "path": self.path, "extensions": {"code": code}}));
    }

    fn selection(&mut self, set: &SelectionSet<'static, String>, on: &str) {
        for item in &set.items {
            self.directives(item);
            match item {
                Selection::Field(field) => {
                    self.path
                        .push(field.alias.clone().unwrap_or_else(|| field.name.clone()));
                    self.field(field, on);
                    self.path.pop();
                }
                Selection::InlineFragment(fragment) => {
                    let TypeCondition::On(target) = fragment
                        .type_condition
                        .clone()
                        .unwrap_or_else(|| TypeCondition::On(on.to_owned()));
                    self.condition(&target, &fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    let Some(fragment) = self.fragments.get(name.as_str()).copied() else {
                        self.error(
                            format!("Fragment {name} was used, but not defined"),
                            "useAndDefineFragment",
                        );
                        continue;
                    };
                    if self.used_fragments.insert(name.clone()) {
                        let TypeCondition::On(target) = &fragment.type_condition;
                        self.condition(target, &fragment.selection_set);
                    }
                }
            }
        }
    }

    /// Notes the variables in `@include` and `@skip`.
    fn directives(&mut self, item: &Selection<'static, String>) {
        let directives = match item {
            Selection::Field(field) => &field.directives,
            Selection::InlineFragment(fragment) => &fragment.directives,
            Selection::FragmentSpread(spread) => &spread.directives,
        };
        let mut names = Vec::new();
        for (_, value) in directives.iter().flat_map(|directive| &directive.arguments) {
            variables_in(value, &mut names);
        }
        self.used_variables.extend(names);
    }

    fn condition(&mut self, target: &str, set: &SelectionSet<'static, String>) {
        if self.schema.is_composite(target) {
            self.selection(set, target);
        } else {
            self.error(
                format!("No such type {target}, so it can't be a fragment condition"),
                "undefinedType",
            );
        }
    }

    fn field(&mut self, field: &Field<'static, String>, on: &str) {
        let name = &field.name;
        if name == "__typename" {
            return;
        }
        let Some(found) = self.schema.field(on, name) else {
            self.error(
                format!("Field '{name}' doesn't exist on type '{on}'"),
                "undefinedField",
            );
            return;
        };
        for (argument, value) in &field.arguments {
            match found.args.get(argument) {
                None => self.error(
                    format!("Field '{name}' doesn't accept argument '{argument}'"),
                    "argumentNotAccepted",
                ),
                Some(input) => self.literal(value, &input.ty, argument),
            }
        }
        let given = |wanted: &str| {
            field
                .arguments
                .iter()
                .any(|(argument, _)| argument == wanted)
        };
        let mut missing: Vec<&str> = found
            .args
            .iter()
            .filter(|(argument, input)| input.required && !given(argument))
            .map(|(argument, _)| argument.as_str())
            .collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            let list = missing.join(", ");
            self.error(
                format!("Field '{name}' is missing required arguments: {list}"),
                "missingRequiredArguments",
            );
        }
        let target = inner(&found.ty);
        let selects = !field.selection_set.items.is_empty();
        match (self.schema.is_composite(target), selects) {
            (true, true) => self.selection(&field.selection_set, target),
            (true, false) => self.error(
                format!("Field must have selections (field '{name}' returns {target} but has no selections. Did you mean '{name} {{ ... }}'?)"),
                "selectionMismatch",
            ),
            (false, true) => self.error(
                format!("Selections can't be made on scalars (field '{name}' returns {target})"),
                "selectionMismatch",
            ),
            (false, false) => {}
        }
    }

    /// Checks a literal argument and notes the variables in it.
    fn literal(&mut self, value: &Literal<'static, String>, ty: &TypeRef, argument: &str) {
        let mut names = Vec::new();
        variables_in(value, &mut names);
        if names.is_empty()
            && let Err(problem) = fits(self.schema, &to_json(value, &Map::new()), ty)
        {
            self.error(
                format!(
                    "Argument '{argument}' has an invalid value. Expected type '{ty}'. {problem}"
                ),
                "argumentLiteralsIncompatible",
            );
        }
        self.used_variables.extend(names);
    }

    fn leftovers(&mut self, definitions: &[VariableDefinition<'static, String>]) {
        let declared: BTreeSet<&str> = definitions
            .iter()
            .map(|definition| definition.name.as_str())
            .collect();
        let used = self.used_variables.clone();
        for name in used.iter().filter(|name| !declared.contains(name.as_str())) {
            self.error(
                format!("Variable ${name} is used by the operation but not declared"),
                "variableNotDefined",
            );
        }
        for name in declared.iter().filter(|name| !used.contains(**name)) {
            self.error(
                format!("Variable ${name} is declared by the operation but not used"),
                "variableNotUsed",
            );
        }
        let unused: Vec<String> = self
            .fragments
            .keys()
            .filter(|name| !self.used_fragments.contains(**name))
            .map(|name| (*name).to_owned())
            .collect();
        for name in unused {
            self.error(
                format!("Fragment {name} was defined, but not used"),
                "useAndDefineFragment",
            );
        }
    }

    fn variables(
        &mut self,
        definitions: &[VariableDefinition<'static, String>],
        mut provided: Map<String, Value>,
    ) -> Map<String, Value> {
        let mut values = Map::new();
        for definition in definitions {
            let default = definition
                .default_value
                .as_ref()
                .map(|value| to_json(value, &Map::new()));
            let value = provided.remove(&definition.name).or(default);
            let shown = value.clone().unwrap_or(Value::Null);
            if let Err(problem) = fits(self.schema, &shown, &definition.var_type) {
                self.errors.push(json!({
                    "message": format!(
                        "Variable ${} of type {} was provided invalid value: {problem}",
                        definition.name, definition.var_type
                    ),
                    "extensions": {"value": shown},
                }));
            }
            if let Some(value) = value {
                values.insert(definition.name.clone(), value);
            }
        }
        values
    }
}

fn variables_in(value: &Literal<'static, String>, names: &mut Vec<String>) {
    match value {
        Literal::Variable(name) => names.push(name.clone()),
        Literal::List(items) => items.iter().for_each(|item| variables_in(item, names)),
        Literal::Object(members) => members
            .values()
            .for_each(|member| variables_in(member, names)),
        _ => {}
    }
}

/// A literal as JSON with its variables replaced; an absent variable becomes null.
pub(super) fn to_json(value: &Literal<'static, String>, variables: &Map<String, Value>) -> Value {
    match value {
        Literal::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
        Literal::Int(number) => number.as_i64().map_or(Value::Null, |number| json!(number)),
        Literal::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Literal::String(text) | Literal::Enum(text) => Value::String(text.clone()),
        Literal::Boolean(flag) => Value::Bool(*flag),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| to_json(item, variables)).collect(),
        Literal::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), to_json(member, variables)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Whether a value fits a type; the error says where it does not.
fn fits(schema: &Schema, value: &Value, ty: &TypeRef) -> Result<(), String> {
    match ty {
        Type::NonNullType(_) if value.is_null() => Err("Expected value to not be null".to_owned()),
        Type::NonNullType(of) => fits(schema, value, of),
        _ if value.is_null() => Ok(()),
        Type::ListType(of) => match value {
            Value::Array(items) => items.iter().try_for_each(|item| fits(schema, item, of)),
            single => fits(schema, single, of),
        },
        Type::NamedType(name) => fits_named(schema, value, name),
    }
}

fn fits_named(schema: &Schema, value: &Value, name: &str) -> Result<(), String> {
    let expected = |fits: bool| {
        if fits {
            Ok(())
        } else {
            Err(format!("{value} is not a {name}"))
        }
    };
    match schema.get(name) {
        Some(TypeKind::Input(fields)) => fits_input(schema, value, name, fields),
        Some(TypeKind::Enum(words)) => {
            expected(value.as_str().is_some_and(|word| words.contains(word)))
        }
        _ => match name {
            "Int" => expected(
                value
                    .as_i64()
                    .is_some_and(|number| i32::try_from(number).is_ok()),
            ),
            "Boolean" => expected(value.is_boolean()),
            "ID" => expected(value.is_string() || value.is_i64()),
            "GitObjectID" => expected(value.as_str().is_some_and(|text| {
                text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            })),
            _ => expected(value.is_string()),
        },
    }
}

fn fits_input(
    schema: &Schema,
    value: &Value,
    name: &str,
    fields: &HashMap<String, Input>,
) -> Result<(), String> {
    let Some(members) = value.as_object() else {
        return Err(format!("{value} is not a {name}"));
    };
    for (member, inner) in members {
        let field = fields.get(member);
        let field = field.ok_or_else(|| format!("{member} (Field is not defined on {name})"))?;
        fits(schema, inner, &field.ty).map_err(|problem| format!("{member}: {problem}"))?;
    }
    let missing = fields
        .iter()
        .find(|(field, input)| input.required && !members.contains_key(*field));
    match missing {
        Some((field, _)) => Err(format!("{field} (Expected value to not be null)")),
        None => Ok(()),
    }
}
