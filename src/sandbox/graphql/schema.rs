//! The schema as look-up tables.

use graphql_parser::schema::{Definition, Field, InputValue, Type, TypeDefinition, parse_schema};
use std::collections::{BTreeSet, HashMap};

/// A type reference, owned.
pub(super) type TypeRef = Type<'static, String>;

/// An argument or input field.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// Its type.
    pub ty: TypeRef,
    /// Must be given.
    pub required: bool,
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct FieldType {
    /// Its type.
    pub ty: TypeRef,
    /// Its arguments.
    pub args: HashMap<String, Input>,
}

/// A named type.
#[derive(Debug, Clone)]
pub(super) enum TypeKind {
    /// Object, interface or union, which has no fields of its own.
    Composite {
        /// Fields by name.
        fields: HashMap<String, FieldType>,
        /// Interfaces an object implements.
        implements: BTreeSet<String>,
    },
    /// Enum.
    Enum(BTreeSet<String>),
    /// Input object.
    Input(HashMap<String, Input>),
    /// Scalar.
    Scalar,
}

/// All types by name.
#[derive(Debug)]
pub struct Schema(HashMap<String, TypeKind>);

impl Schema {
    /// Loads the built-in schema; the error says where it does not parse.
    pub fn load() -> Result<Self, String> {
        let document = parse_schema::<String>(include_str!("schema.graphql"))
            .map_err(|error| error.to_string())?
            .into_static();
        let mut types: HashMap<String, TypeKind> = ["Int", "String", "Boolean", "ID", "Float"]
            .into_iter()
            .map(|name| (name.to_owned(), TypeKind::Scalar))
            .collect();
        for definition in document.definitions {
            if let Definition::TypeDefinition(definition) = definition {
                let (name, kind) = named(definition);
                types.insert(name, kind);
            }
        }
        Ok(Self(types))
    }

    /// A type by name.
    pub(super) fn get(&self, name: &str) -> Option<&TypeKind> {
        self.0.get(name)
    }

    /// A field of an object or interface.
    pub(super) fn field(&self, on: &str, name: &str) -> Option<&FieldType> {
        match self.0.get(on)? {
            TypeKind::Composite { fields, .. } => fields.get(name),
            _ => None,
        }
    }

    /// Whether an object of that type satisfies a fragment's condition.
    pub(super) fn satisfies(&self, object: &str, condition: &str) -> bool {
        object == condition
            || matches!(self.0.get(object), Some(TypeKind::Composite { implements, .. }) if implements.contains(condition))
    }

    /// Whether values of that type have fields.
    pub(super) fn is_composite(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(TypeKind::Composite { .. }))
    }
}

/// The named type inside lists and non-null marks.
pub(super) fn inner(ty: &TypeRef) -> &str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(of) | Type::NonNullType(of) => inner(of),
    }
}

fn named(definition: TypeDefinition<'static, String>) -> (String, TypeKind) {
    match definition {
        TypeDefinition::Object(object) => {
            let implements = object.implements_interfaces.into_iter().collect();
            (
                object.name,
                TypeKind::Composite {
                    fields: fields(object.fields),
                    implements,
                },
            )
        }
        TypeDefinition::Interface(interface) => (
            interface.name,
            TypeKind::Composite {
                fields: fields(interface.fields),
                implements: BTreeSet::new(),
            },
        ),
        TypeDefinition::Enum(list) => (
            list.name,
            TypeKind::Enum(list.values.into_iter().map(|value| value.name).collect()),
        ),
        TypeDefinition::InputObject(input) => (input.name, TypeKind::Input(inputs(input.fields))),
        TypeDefinition::Scalar(scalar) => (scalar.name, TypeKind::Scalar),
        TypeDefinition::Union(union) => (
            union.name,
            TypeKind::Composite {
                fields: HashMap::new(),
                implements: BTreeSet::new(),
            },
        ),
    }
}

fn fields(list: Vec<Field<'static, String>>) -> HashMap<String, FieldType> {
    list.into_iter()
        .map(|field| {
            (
                field.name,
                FieldType {
                    ty: field.field_type,
                    args: inputs(field.arguments),
                },
            )
        })
        .collect()
}

fn inputs(list: Vec<InputValue<'static, String>>) -> HashMap<String, Input> {
    list.into_iter()
        .map(|value| {
            let non_null = matches!(value.value_type, Type::NonNullType(_));
            let required = non_null && value.default_value.is_none();
            (
                value.name,
                Input {
                    ty: value.value_type,
                    required,
                },
            )
        })
        .collect()
}
