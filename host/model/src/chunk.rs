//! One chunk of an answer, read leniently: a field of an unexpected type counts as absent.
//!
//! Everything is read into these few fields and nothing into a general JSON value, so a chunk never
//! takes more memory than its text. It knows shapes, not what they mean; that is [`crate::answer`].

use crate::limits::ELEMENTS;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// A chunk of a stream, or a whole answer, or an error in place of either.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct Chunk {
    pub(crate) error: Failure,
    pub(crate) choices: Many<Choice>,
    pub(crate) usage: Maybe<UsageCounts>,
    /// `error` where the error is not wrapped.
    pub(crate) object: Words,
    pub(crate) message: Words,
    pub(crate) detail: Words,
    pub(crate) code: Words,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct Choice {
    pub(crate) index: Count,
    pub(crate) delta: Maybe<Delta>,
    pub(crate) message: Maybe<Delta>,
    pub(crate) text: Words,
    pub(crate) finish_reason: Words,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct Delta {
    pub(crate) content: Spoken,
    pub(crate) reasoning_content: Words,
    pub(crate) reasoning: Words,
    pub(crate) refusal: Words,
    pub(crate) tool_calls: Many<CallDelta>,
    pub(crate) function_call: Maybe<FunctionDelta>,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct CallDelta {
    pub(crate) index: Count,
    pub(crate) id: Words,
    pub(crate) function: Maybe<FunctionDelta>,
    pub(crate) name: Words,
    pub(crate) arguments: Arguments,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct FunctionDelta {
    pub(crate) name: Words,
    pub(crate) arguments: Arguments,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct UsageCounts {
    #[serde(alias = "input_tokens")]
    pub(crate) prompt_tokens: Count,
    #[serde(alias = "output_tokens")]
    pub(crate) completion_tokens: Count,
    #[serde(alias = "input_tokens_details")]
    pub(crate) prompt_tokens_details: Maybe<PromptDetails>,
    /// As DeepSeek names the cached part.
    pub(crate) prompt_cache_hit_tokens: Count,
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct PromptDetails {
    pub(crate) cached_tokens: Count,
}

/// The body of an error answer in any of the usual shapes.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct FailureBody {
    pub(crate) message: Words,
    pub(crate) r#type: Words,
    pub(crate) code: Words,
    pub(crate) param: Words,
}

/// The list of models.
#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct ModelList {
    pub(crate) data: Many<ModelEntry>,
    /// As some servers name the list.
    pub(crate) models: Many<ModelEntry>,
    pub(crate) error: Failure,
}

impl ModelList {
    /// The names, or none if this is no list of models.
    pub(crate) fn names(self) -> Option<Vec<String>> {
        let is_list = self.data.is_list || self.models.is_list;
        let entries = if self.data.is_list {
            self.data.items
        } else {
            self.models.items
        };
        let names = entries.into_iter().filter_map(|entry| {
            [entry.id, entry.name]
                .into_iter()
                .find(|name| !name.0.is_empty())
                .map(|name| name.0)
        });
        is_list.then(|| names.take(crate::limits::MODELS).collect())
    }
}

#[derive(Debug, Default, DeriveDeserialize)]
#[serde(default)]
pub(crate) struct ModelEntry {
    id: Words,
    name: Words,
}

/// A type that makes the best of whatever JSON comes.
trait Loose<'de>: Default {
    fn text(_text: &str) -> Self {
        Self::default()
    }
    fn count(_count: u64) -> Self {
        Self::default()
    }
    fn other(_shown: fmt::Arguments<'_>) -> Self {
        Self::default()
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Loose<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }
    fn visit_u64<E: Error>(self, count: u64) -> Result<T, E> {
        Ok(T::count(count))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Ok(u64::try_from(number).map_or_else(|_| T::other(format_args!("{number}")), T::count))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Ok(T::other(format_args!("{number}")))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

macro_rules! loose {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Any(PhantomData))
            }
        }
    )*};
}

loose!(Words, Count, Spoken, Arguments, Failure);

/// Text; numbers are written out, and a list or object gives the text in it.
#[derive(Debug, Default)]
pub(crate) struct Words(pub(crate) String);

impl<'de> Loose<'de> for Words {
    fn text(text: &str) -> Self {
        Self(text.to_owned())
    }
    fn count(count: u64) -> Self {
        Self(count.to_string())
    }
    fn other(shown: fmt::Arguments<'_>) -> Self {
        Self(shown.to_string())
    }
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Ok(Self(Spoken::list(list)?.text))
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        Ok(Self(Spoken::object(object)?.text))
    }
}

/// A number that cannot be negative; absent if it is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count(pub(crate) Option<u64>);

impl<'de> Loose<'de> for Count {
    fn text(text: &str) -> Self {
        Self(text.trim().parse().ok())
    }
    fn count(count: u64) -> Self {
        Self(Some(count))
    }
    fn other(shown: fmt::Arguments<'_>) -> Self {
        // Whole numbers written as `3.0` come this way; `{}` shows them without the point.
        Self(shown.to_string().parse().ok())
    }
}

/// What was said: a text, or parts of which some may be reasoning.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    pub(crate) text: String,
    pub(crate) reasoning: String,
}

#[derive(Default, DeriveDeserialize)]
#[serde(default)]
struct SpokenPart {
    r#type: Words,
    text: Words,
    content: Words,
    thinking: Words,
    refusal: Words,
    msg: Words,
}

impl Spoken {
    fn add(&mut self, part: SpokenPart) {
        let is_reasoning = ["think", "reason"]
            .iter()
            .any(|word| part.r#type.0.contains(word));
        self.reasoning.push_str(&part.thinking.0);
        let spoken = if is_reasoning {
            &mut self.reasoning
        } else {
            &mut self.text
        };
        for words in [part.text, part.content, part.refusal, part.msg] {
            spoken.push_str(&words.0);
        }
    }
}

impl<'de> Loose<'de> for Spoken {
    fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            reasoning: String::new(),
        }
    }
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Self::default();
        while let Some(part) = list.next_element::<Self>()? {
            all.text.push_str(&part.text);
            all.reasoning.push_str(&part.reasoning);
        }
        Ok(all)
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        let mut all = Self::default();
        all.add(SpokenPart::deserialize(
            serde::de::value::MapAccessDeserializer::new(object),
        )?);
        Ok(all)
    }
}

/// Arguments as text; an object is written out as JSON.
#[derive(Debug, Default)]
pub(crate) struct Arguments(pub(crate) String);

impl<'de> Loose<'de> for Arguments {
    fn text(text: &str) -> Self {
        Self(text.to_owned())
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        let mut written = String::new();
        Writer(&mut written).visit_map(object)?;
        Ok(Self(written))
    }
}

/// Writes JSON out again while it is read, without building values.
struct Writer<'a>(&'a mut String);

impl Writer<'_> {
    fn put<T: Serialize + ?Sized, E: Error>(self, value: &T) -> Result<(), E> {
        self.0
            .push_str(&serde_json::to_string(value).map_err(E::custom)?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.put(text)
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(&number)
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(&number)
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put(&number)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.put(&truth)
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(&())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.push('[');
        let mut is_first = true;
        while list
            .next_element_seed(Element {
                out: &mut *self.0,
                is_first,
            })?
            .is_some()
        {
            is_first = false;
        }
        self.0.push(']');
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.0.push('{');
        let mut is_first = true;
        while object
            .next_key_seed(Element {
                out: &mut *self.0,
                is_first,
            })?
            .is_some()
        {
            self.0.push(':');
            object.next_value_seed(Writer(&mut *self.0))?;
            is_first = false;
        }
        self.0.push('}');
        Ok(())
    }
}

/// An element or a name, after its comma.
struct Element<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.is_first {
            self.out.push(',');
        }
        Writer(self.out).deserialize(deserializer)
    }
}

/// An error in place of an answer: an object, or just its text.
#[derive(Debug, Default)]
pub(crate) struct Failure(pub(crate) Option<Box<FailureBody>>);

impl<'de> Loose<'de> for Failure {
    fn text(text: &str) -> Self {
        Self((!text.is_empty()).then(|| {
            Box::new(FailureBody {
                message: Words(text.to_owned()),
                ..FailureBody::default()
            })
        }))
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        FailureBody::deserialize(serde::de::value::MapAccessDeserializer::new(object))
            .map(|body| Self(Some(Box::new(body))))
    }
}

/// A list, one element without its list, or nothing.
#[derive(Debug)]
pub(crate) struct Many<T> {
    pub(crate) items: Vec<T>,
    pub(crate) is_list: bool,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            is_list: false,
        }
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Many<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Maybe<T>>()? {
            if items.len() == ELEMENTS {
                return Err(A::Error::custom(format!(
                    "a list of more than {ELEMENTS} elements"
                )));
            }
            items.extend(item.0);
        }
        Ok(Self {
            items,
            is_list: true,
        })
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        Ok(Self {
            items: Maybe::<T>::object(object)?.0.into_iter().collect(),
            is_list: false,
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

/// An object, or nothing.
#[derive(Debug)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Maybe<T> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(object))
            .map(|item| Self(Some(item)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}
