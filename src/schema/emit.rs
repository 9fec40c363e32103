//! Tables to JSON Schema.
//!
//! Draft 7, as the language server of YAML editors knows no later one in full. Each type is a definition, in up
//! to four forms: `NAME` may be conditional, `plain-NAME` is not, `item-NAME` may also be a condition that
//! yields several, `more-NAME` stands behind `key+`. A condition is told from a map by `if`/`then`/`else`, and
//! not by `anyOf`, so that an editor speaks of the one form that was meant.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::{is_text, name, names};
use super::steps::runs_program;
use super::{BESIDE, Document, Field, PROGRAM, RECIPE, Rule, Table, Type, WORDS};

/// A text that is nothing but an expression.
const SOLE: &str = "^\\$\\{\\{[\\s\\S]*\\}\\}$";
/// A text with an expression in it.
const HOLDS: &str = "\\$\\{\\{";

/// The JSON Schema of a kind of file.
pub fn json(document: Document) -> Value {
    let mut emitter = Emitter {
        definitions: BTreeMap::new(),
        literal: document == Document::Workspace,
    };
    let table = document.table();
    let mut root = emitter.table(table, document == Document::Recipe);
    let title = match document {
        Document::Recipe => "A recipe of kiln, or a fragment that recipes extend",
        Document::Workspace => "kiln.yaml, the workspace file of kiln",
        Document::Snippet => "A snippet of kiln: steps with inputs",
    };
    let name = document.name();
    root.insert(
        "$schema".into(),
        "http://json-schema.org/draft-07/schema#".into(),
    );
    root.insert("$id".into(), format!("urn:kiln:schema:{name}:1").into());
    root.insert("title".into(), title.into());
    if document == Document::Recipe {
        let whole = json!({"required": ["name"], "not": {"required": ["extends"]}});
        let needs = json!({"required": ["tags"], "anyOf": [{"required": ["base"]}, {"required": ["dockerfile"]}]});
        root.insert("if".into(), whole);
        root.insert("then".into(), needs);
    }
    let definitions: Map<String, Value> = emitter.definitions.into_iter().collect();
    root.insert("definitions".into(), Value::Object(definitions));
    Value::Object(root)
}

struct Emitter {
    definitions: BTreeMap<String, Value>,
    /// Whether neither expressions nor conditions may stand here.
    literal: bool,
}

/// Which form of a type is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    Plain,
    Item,
    More,
    /// What a condition leads to; null is nothing.
    Branch,
    /// The same for an item of a list, which may be several.
    Branches,
}

impl Emitter {
    /// A reference to a type in some form, which is defined with the first one.
    fn refer(&mut self, ty: Type, form: Form) -> Value {
        let form = match form {
            Form::Any | Form::Item if self.literal || matches!(ty, Type::Expr) => Form::Plain,
            form => form,
        };
        let prefix = match form {
            Form::Any => "",
            Form::Plain => "plain-",
            Form::Item => "item-",
            Form::More => "more-",
            Form::Branch => "branch-",
            Form::Branches => "branches-",
        };
        let literal = if self.literal { "-as-it-stands" } else { "" };
        let name = format!("{prefix}{}{literal}", name(ty));
        if !self.definitions.contains_key(&name) {
            // A place is kept first: types can hold themselves.
            self.definitions.insert(name.clone(), Value::Null);
            let schema = match form {
                Form::Plain => self.plain(ty),
                Form::More => self.more(ty),
                Form::Any => self.choice(ty, Form::Branch),
                Form::Item => self.choice(ty, Form::Branches),
                Form::Branch => {
                    json!({"if": {"type": "null"}, "else": self.refer(ty, Form::Any)})
                }
                Form::Branches => {
                    let item = self.refer(ty, Form::Item);
                    let items = json!({"type": "array", "items": item});
                    let one = json!({"if": {"type": "null"}, "else": item});
                    json!({"if": {"type": "array"}, "then": items, "else": one})
                }
            };
            self.definitions.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/definitions/{name}")})
    }

    /// A conditional value, or the type itself.
    fn choice(&mut self, ty: Type, form: Form) -> Value {
        let branch = self.refer(ty, form);
        let condition = self.refer(Type::Expr, Form::Plain);
        for (key, help) in [
            (
                "if",
                "An expression that is true or false: `then` counts, or `else`, or nothing.",
            ),
            (
                "match",
                "An expression that is text: its case counts, or `else`.",
            ),
        ] {
            let schema = described(&condition, help);
            self.definitions.insert(format!("key-{key}"), schema);
        }
        for (name, keys) in [
            ("has-match", ["match", "cases"]),
            ("has-if", ["if", "then"]),
        ] {
            let schema = json!({"type": "object", "required": keys});
            self.definitions.insert(name.to_owned(), schema);
        }
        let of_match = json!({
            "properties": {
                "match": {"$ref": "#/definitions/key-match"},
                "cases": {"type": "object", "additionalProperties": branch},
                "else": branch,
            },
            "additionalProperties": false,
        });
        let of_if = json!({
            "properties": {
                "if": {"$ref": "#/definitions/key-if"},
                "then": branch,
                "else": branch,
            },
            "additionalProperties": false,
        });
        json!({
            "if": {"$ref": "#/definitions/has-match"},
            "then": of_match,
            "else": {
                "if": {"$ref": "#/definitions/has-if"},
                "then": of_if,
                "else": self.refer(ty, Form::Plain),
            },
        })
    }

    fn plain(&mut self, ty: Type) -> Value {
        match ty {
            Type::Text | Type::Script | Type::Variable | Type::Path | Type::Source => self.text(),
            Type::Expr => {
                json!({"type": "string", "minLength": 1, "not": {"pattern": "^\\$\\{\\{"}})
            }
            Type::Bool if self.literal => json!({"type": "boolean"}),
            Type::Bool => {
                json!({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": SOLE}]})
            }
            Type::Int(least, most) => {
                let number = json!({"type": "integer", "minimum": least, "maximum": most});
                self.or_expression(&[number, json!({"type": "string", "pattern": "^[0-9]+$"})])
            }
            Type::Word(_, words) => self.or_expression(&[json!({"enum": words})]),
            Type::Like(_, pattern) => {
                let text = json!({"type": "string", "pattern": pattern});
                // A number counts as its text, where a number can be of this form.
                let number = json!({"type": "integer", "minimum": 0});
                let fits = matches!(
                    ty,
                    Type::Like(
                        "ports"
                            | "tag"
                            | "repository"
                            | "user"
                            | "owner"
                            | "signal"
                            | "name"
                            | "octal-mode",
                        _
                    )
                );
                let forms = if fits { vec![text, number] } else { vec![text] };
                self.or_expression(&forms)
            }
            Type::List(inner) => {
                let list = json!({"type": "array", "items": self.refer(*inner, Form::Item)});
                if self.literal || !is_text(*inner) {
                    return list;
                }
                json!({"anyOf": [list, {"type": "string", "pattern": SOLE}]})
            }
            Type::Many(inner) => {
                let items = self.refer(*inner, Form::Item);
                let one = self.refer(*inner, Form::Plain);
                json!({"if": {"type": "array"}, "then": {"items": items}, "else": one})
            }
            Type::Map(inner) => {
                let value = self.refer(*inner, Form::Any);
                let mut map = json!({"type": "object", "additionalProperties": value});
                if let Some(pattern) = names(*inner, "") {
                    map["propertyNames"] = json!({"pattern": pattern});
                }
                map
            }
            Type::Table(table) => Value::Object(self.table(table, false)),
            Type::Step => self.step(),
            Type::Either(types) => {
                let all: Vec<Value> = types
                    .iter()
                    .map(|ty| self.refer(*ty, Form::Plain))
                    .collect();
                json!({"anyOf": all})
            }
        }
    }

    fn text(&self) -> Value {
        let text = json!({"type": ["string", "integer"], "minimum": 0});
        if self.literal {
            return json!({"type": ["string", "integer"], "minimum": 0, "not": {"type": "string", "pattern": HOLDS}});
        }
        text
    }

    /// Any of some forms, or where expressions may stand a text that holds one.
    fn or_expression(&self, forms: &[Value]) -> Value {
        let mut all = forms.to_vec();
        if !self.literal {
            all.push(json!({"type": "string", "pattern": HOLDS}));
        }
        match all.as_slice() {
            [one] => one.clone(),
            _ => json!({"anyOf": all}),
        }
    }

    /// What stands behind `key+`: items of a list, or entries of a map, which may carry marks again.
    fn more(&mut self, ty: Type) -> Value {
        match ty {
            Type::Table(table) => Value::Object(self.table(table, true)),
            Type::Map(inner) => {
                let mut map = json!({
                    "type": "object",
                    "patternProperties": {"[+-]$": {}},
                    "additionalProperties": self.refer(*inner, Form::Any),
                });
                if let Some(pattern) = names(*inner, "[+-]?") {
                    map["propertyNames"] = json!({"pattern": pattern});
                }
                map
            }
            Type::List(inner) => {
                let items = self.refer(*inner, Form::Item);
                let one = self.refer(*inner, Form::Plain);
                json!({"if": {"type": "array"}, "then": {"items": items}, "else": one})
            }
            _ => self.refer(ty, Form::Plain),
        }
    }

    /// What stands behind `key-`: the names of entries, or items.
    fn less(&mut self, ty: Type) -> Value {
        match ty {
            Type::Map(_) | Type::Table(_) => self.refer(Type::Many(&Type::Text), Form::Plain),
            _ => self.more(ty),
        }
    }

    /// A closed map; one that merges may lack keys and carry marks.
    fn table(&mut self, table: &'static Table, merges: bool) -> Map<String, Value> {
        let mut properties = Map::new();
        for field in table.fields {
            self.field(field, merges, &mut properties);
        }
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), Value::Object(properties));
        if table.name == "recipe-of-workspace" {
            let value = self.refer(Type::Text, Form::Any);
            schema.insert("additionalProperties".into(), value);
        } else {
            schema.insert("additionalProperties".into(), false.into());
        }
        // The keys of a file are its own: what a part of it lacks may come from `extends`.
        let is_file = std::ptr::eq(table, &raw const RECIPE);
        let fields = table
            .fields
            .iter()
            .filter(|field| field.required && (is_file || !merges));
        let required: Vec<&str> = fields.map(|field| field.key).collect();
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
        let rules: Vec<Value> = table.rules.iter().map(rule).collect();
        if !rules.is_empty() && !merges {
            schema.insert("allOf".into(), Value::Array(rules));
        }
        schema
    }

    fn field(&mut self, field: &Field, merges: bool, properties: &mut Map<String, Value>) {
        let before = self.literal;
        self.literal = field.literal.unwrap_or(before);
        let value = self.refer(field.ty, Form::Any);
        let mut value = described(&value, field.help);
        if field.filled {
            value["minItems"] = 1.into();
        }
        properties.insert(field.key.into(), value);
        if merges && field.ty.merges() && field.key != "extends" {
            let more = self.refer(field.ty, Form::More);
            let help = format!("Adds to what `extends` gave. {}", field.help);
            properties.insert(format!("{}+", field.key), described(&more, &help));
            let less = self.less(field.ty);
            let help = format!("Takes from what `extends` gave. {}", field.help);
            properties.insert(format!("{}-", field.key), described(&less, &help));
        }
        self.literal = before;
    }

    /// One step word, and what may stand beside it.
    fn step(&mut self) -> Value {
        let mut schema = self.table(&super::STEP, false);
        let mut rules = Vec::new();
        let needs = |word: &str| json!({"required": [word]});
        let others: Vec<Value> = WORDS
            .iter()
            .filter(|word| **word != "env")
            .map(|word| needs(word))
            .collect();
        for word in WORDS {
            let mut names: Vec<&str> = vec![word];
            names.extend(BESIDE);
            if runs_program(word) {
                names.extend(PROGRAM);
            }
            if word == "use" {
                names.push("with");
            }
            let is_it = match word {
                "env" => json!({"required": ["env"], "not": {"anyOf": others.clone()}}),
                _ => needs(word),
            };
            rules.push(json!({"if": is_it, "then": {"propertyNames": {"enum": names}}}));
        }
        let all: Vec<Value> = WORDS.iter().map(|word| needs(word)).collect();
        schema.insert("anyOf".into(), Value::Array(all));
        schema.insert("allOf".into(), Value::Array(rules));
        Value::Object(schema)
    }
}

fn rule(rule: &Rule) -> Value {
    let each = |keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|key| json!({"required": [key]})).collect()
    };
    match rule {
        Rule::One(keys) => json!({"oneOf": each(keys)}),
        Rule::Any(keys) => json!({"anyOf": each(keys)}),
        Rule::Needs(key, other) => json!({"dependencies": {*key: [other]}}),
    }
}

/// In draft 7 nothing counts beside `$ref`, so the reference is wrapped.
fn described(reference: &Value, help: &str) -> Value {
    json!({"description": help, "allOf": [reference]})
}
