//! Fields of a SEQUENCE with explicit context tags, required or OPTIONAL, and the macro that
//! declares a struct of such fields.

#![expect(
    clippy::inline_always,
    reason = "without it, results travel through memory and an AS-REP takes twice as long to read"
)]

use super::{Decode, DecodeError, Encode, Reader, Sink, Tag};

/// A field `[tag]` of a SEQUENCE. `Option` means OPTIONAL; all other types are required.
pub(crate) trait DecodeField<'a>: Sized {
    /// Reads the field with context tag `tag`.
    fn decode_field(tag: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError>;
}

impl<'a, T: Decode<'a>> DecodeField<'a> for T {
    #[inline(always)]
    fn decode_field(tag: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut field = reader.enter(Tag::context(tag))?;
        let value = T::decode(&mut field)?;
        field.finish()?;
        Ok(value)
    }
}

impl<'a, T: Decode<'a>> DecodeField<'a> for Option<T> {
    #[inline(always)]
    fn decode_field(tag: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let Some(mut field) = reader.enter_optional(Tag::context(tag))? else {
            return Ok(None);
        };
        let value = T::decode(&mut field)?;
        field.finish()?;
        Ok(Some(value))
    }
}

/// The writing side of [`DecodeField`].
pub(crate) trait EncodeField {
    /// Writes the field with context tag `tag`, or nothing if it is OPTIONAL and absent.
    fn encode_field<S: Sink>(&self, tag: u8, sink: &mut S);
}

impl<T: Encode> EncodeField for T {
    #[inline]
    fn encode_field<S: Sink>(&self, tag: u8, sink: &mut S) {
        sink.element(Tag::context(tag), |sink| self.encode(sink));
    }
}

impl<T: Encode> EncodeField for Option<T> {
    #[inline]
    fn encode_field<S: Sink>(&self, tag: u8, sink: &mut S) {
        if let Some(value) = self {
            value.encode_field(tag, sink);
        }
    }
}

/// Declares a struct that is a SEQUENCE of fields with explicit context tags, in wire order, and
/// implements `Decode` and `Encode` for it.
///
/// `[APPLICATION n]` after the name wraps the SEQUENCE. `pvno [n];` is the protocol version and
/// `msg_type [n] = KIND;` the message type. Both are constants, which are checked when decoding and
/// not stored.
macro_rules! sequence {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<$lt:lifetime> $([APPLICATION $app:literal])? {
            $(pvno [$pvno:literal];)?
            $(msg_type [$msg_tag:literal] = $msg_type:ident;)?
            $( $(#[$fmeta:meta])* [$tag:literal] $field:ident: $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        pub struct $name<$lt> {
            $( $(#[$fmeta])* pub $field: $ty, )*
        }
        $crate::der::sequence!(@impl [$name<$lt>] $lt [$($app)?] [$($pvno)?]
            [$($msg_tag $msg_type)?] [$([$tag $field])*]);
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident $([APPLICATION $app:literal])? {
            $( $(#[$fmeta:meta])* [$tag:literal] $field:ident: $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
        }
        $crate::der::sequence!(@impl [$name] 'de [$($app)?] [] [] [$([$tag $field])*]);
    };

    (@impl [$($name:tt)*] $de:lifetime [$($app:literal)?] [$($pvno:literal)?]
        [$($msg_tag:literal $msg_type:ident)?] [$([$tag:literal $field:ident])*]) => {
        impl<$de> $crate::der::Decode<$de> for $($name)* {
            #[inline]
            fn decode(
                reader: &mut $crate::der::Reader<$de>,
            ) -> Result<Self, $crate::der::DecodeError> {
                let application = $crate::der::sequence!(@application $($app)?);
                let last = [$($tag),*].as_slice().last().copied().unwrap_or_default();
                let mut fields = reader.sequence(application)?;
                $( $crate::message::decode_version($pvno, &mut fields)?; )?
                $( $crate::message::decode_type(
                    $msg_tag, $crate::MessageType::$msg_type, &mut fields)?; )?
                let value = Self {
                    $( $field: $crate::der::DecodeField::decode_field($tag, &mut fields)?, )*
                };
                fields.finish_sequence(last)?;
                Ok(value)
            }
        }

        impl<$de> $crate::der::Encode for $($name)* {
            #[inline]
            fn encode<S: $crate::der::Sink>(&self, sink: &mut S) {
                let application = $crate::der::sequence!(@application $($app)?);
                sink.sequence(application, |sink| {
                    $crate::der::sequence!(@backwards self sink [$([$tag $field])*]);
                    $( $crate::der::EncodeField::encode_field(
                        &$crate::MessageType::$msg_type, $msg_tag, sink); )?
                    $( $crate::der::EncodeField::encode_field(
                        &$crate::message::PVNO, $pvno, sink); )?
                });
            }
        }
    };

    (@application) => { None };
    (@application $app:literal) => { Some($app) };

    (@backwards $self:ident $sink:ident []) => {};
    (@backwards $self:ident $sink:ident [[$tag:literal $field:ident] $($later:tt)*]) => {
        $crate::der::sequence!(@backwards $self $sink [$($later)*]);
        $crate::der::EncodeField::encode_field(&$self.$field, $tag, $sink);
    };
}

pub(crate) use sequence;
