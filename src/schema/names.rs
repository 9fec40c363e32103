//! What definitions are called, and what the keys of maps look like.

use super::Type;

/// Whether a value of this type can be written as text, so that an expression can stand for a list of them.
pub(super) fn is_text(ty: Type) -> bool {
    match ty {
        Type::Either(types) => types.iter().any(|ty| is_text(*ty)),
        Type::List(_) | Type::Many(_) | Type::Map(_) | Type::Table(_) | Type::Step => false,
        _ => true,
    }
}

/// What the names in a map with free keys look like, if there is a rule; `mark` may stand behind them.
pub(super) fn names(inner: Type, mark: &str) -> Option<String> {
    match inner {
        Type::Either([Type::Variable, ..]) => Some(format!("^[A-Za-z_][A-Za-z0-9_]*{mark}$")),
        // Names of expressions: those of `vars`, columns and inputs.
        Type::Either([Type::Text, Type::Bool, ..]) => Some(format!("^[a-z][a-z0-9_]*{mark}$")),
        Type::Table(table) if table.name == "input" => Some(format!("^[a-z][a-z0-9_]*{mark}$")),
        _ => None,
    }
}

/// What the definition of a type is called.
pub(super) fn name(ty: Type) -> String {
    match ty {
        Type::Text | Type::Script | Type::Variable | Type::Path | Type::Source => "text".into(),
        Type::Expr => "expression".into(),
        Type::Bool => "boolean".into(),
        Type::Int(least, most) => format!("number-{least}-{most}"),
        Type::Word(name, _) | Type::Like(name, _) => name.into(),
        Type::List(inner) => format!("list-of-{}", name(*inner)),
        Type::Many(inner) => format!("one-or-more-{}", name(*inner)),
        Type::Map(inner) => format!("map-of-{}", name(*inner)),
        Type::Table(table) => table.name.into(),
        Type::Step => "step".into(),
        Type::Either(types) => {
            let names: Vec<String> = types.iter().map(|ty| name(*ty)).collect();
            names.join("-or-")
        }
    }
}
