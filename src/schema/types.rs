//! The words that shapes are declared with.

/// A map with a closed set of keys.
#[derive(Debug)]
pub struct Table {
    /// Its name in the schema.
    pub name: &'static str,
    /// What the parser calls it in messages, if the parser has a list of its keys.
    pub of: &'static str,
    /// Its keys, in the order of the language page.
    pub fields: &'static [Field],
    /// What else must hold.
    pub rules: &'static [Rule],
}

/// A key of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What its value is.
    pub ty: Type,
    /// What it is for, in one sentence.
    pub help: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether neither expressions nor conditions may stand in it; nothing where that is so as around it.
    pub literal: Option<bool>,
    /// Whether a list has to have an item.
    pub filled: bool,
}

/// What holds between the keys of a table.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Exactly one of these is there.
    One(&'static [&'static str]),
    /// At least one of these is there.
    Any(&'static [&'static str]),
    /// The first only beside the second.
    Needs(&'static str, &'static str),
}

/// What may stand in a place. Unless the place is literal, a conditional value may stand for any of
/// them, and text may hold expressions.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// Text.
    Text,
    /// Text for a shell.
    Script,
    /// The value of a variable of the environment, where `$$` is a dollar.
    Variable,
    /// A path in the workspace, from the folder of the file it is written in.
    Path,
    /// A [`Type::Path`], or beside `from` a path there.
    Source,
    /// An expression without braces.
    Expr,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int(u32, u32),
    /// One of a few words; the first text names them in the schema.
    Word(&'static str, &'static [&'static str]),
    /// Text of a form: its name in the schema, and a pattern.
    Like(&'static str, &'static str),
    /// A list.
    List(&'static Type),
    /// One of them, or a list.
    Many(&'static Type),
    /// A map with free keys.
    Map(&'static Type),
    /// A map with known keys.
    Table(&'static Table),
    /// A step.
    Step,
    /// Any of several types.
    Either(&'static [Type]),
}

/// Many texts.
pub(super) const TEXTS: Type = Type::List(&Type::Text);
/// A value of `vars`, a column, or an input.
pub(super) const VALUE: Type = Type::Either(&[Type::Text, Type::Bool, TEXTS]);
/// Text for a shell, or a program and its arguments.
pub(super) const COMMAND: Type = Type::Either(&[Type::Script, TEXTS]);
/// A `http` or `https` URL.
pub(super) const URL: Type = Type::Like("url", "^https?://[^\\s/@?#]+([/?#]\\S*)?$");
/// A checksum.
pub(super) const SHA256: Type = Type::Like("sha256", "^(sha256:)?[0-9a-f]{64}$");
/// Permissions of a file.
pub(super) const MODE: Type = Type::Like(
    "mode",
    "^([0-7]{3,5}|[ugoa]*[=+-][rwxXst]*(,[ugoa]*[=+-][rwxXst]*)*)$",
);
/// Who owns a file.
pub(super) const OWNER: Type = Type::Like("owner", "^([0-9]+(:[0-9]+)?|[A-Za-z_][A-Za-z0-9_.-]*)$");
/// Who runs a program.
pub(super) const USER: Type = Type::Like(
    "user",
    "^([0-9]+|[A-Za-z_][A-Za-z0-9_.-]*)(:([0-9]+|[A-Za-z_][A-Za-z0-9_.-]*))?$",
);
/// A time span.
pub(super) const DURATION: Type = Type::Like("duration", "^([0-9]+(ms|s|m|h))+$");
/// An amount of bytes.
pub(super) const SIZE: Type = Type::Like("size", "^[0-9]+(\\.[0-9]{1,9})? *([kKMGT]?B|[KMGT]iB)$");
/// A platform of Linux.
pub(super) const PLATFORM: Type = Type::Like("platform", "^linux/[a-z0-9_]+(/[a-z0-9]+)?$");

/// A key that may be missing.
pub(super) const fn key(key: &'static str, ty: Type, help: &'static str) -> Field {
    Field {
        key,
        ty,
        help,
        required: false,
        literal: None,
        filled: false,
    }
}

impl Field {
    /// The same, and it must be there.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, and a list has an item.
    pub(super) const fn filled(mut self) -> Self {
        self.filled = true;
        self
    }

    /// The same, without expressions and conditions.
    pub(super) const fn literal(mut self) -> Self {
        self.literal = Some(true);
        self
    }

    /// The same, with expressions and conditions even where what it stands in has none.
    pub(super) const fn evaluated(mut self) -> Self {
        self.literal = Some(false);
        self
    }
}

impl Table {
    /// A field by its key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// Collects this table and all tables in its values.
    pub(super) fn walk(&'static self, all: &mut Vec<&'static Self>) {
        if all.iter().any(|known| std::ptr::eq(*known, self)) {
            return;
        }
        all.push(self);
        for field in self.fields {
            field.ty.walk(all);
        }
    }
}

impl Type {
    fn walk(self, all: &mut Vec<&'static Table>) {
        match self {
            Self::List(inner) | Self::Many(inner) | Self::Map(inner) => inner.walk(all),
            Self::Table(table) => table.walk(all),
            Self::Step => super::STEP.walk(all),
            Self::Either(types) => types.iter().for_each(|ty| ty.walk(all)),
            _ => {}
        }
    }

    /// Whether `key+` and `key-` make sense for a key of this type.
    pub fn merges(self) -> bool {
        match self {
            Self::List(_) | Self::Many(_) | Self::Map(_) | Self::Table(_) => true,
            Self::Either(types) => types
                .iter()
                .any(|ty| matches!(ty, Self::List(_) | Self::Map(_))),
            _ => false,
        }
    }
}
