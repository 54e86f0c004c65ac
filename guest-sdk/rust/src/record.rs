/// Makes structs that cross the boundary as maps: [`Encode`](crate::Encode)
/// and [`Decode`](crate::Decode) for them.
///
/// ```
/// aril::record! {
///     /// What is ordered.
///     #[derive(Clone, Debug)]
///     pub struct Order {
///         pub id: String,
///         pub total: i64,
///         pub unit_price as "unitPrice": Option<f64>,
///     }
/// }
///
/// let order: Order = aril::Message::of(&aril::map! {"id" => "o-1", "total" => 7}).decode()?;
/// assert_eq!((order.id.as_str(), order.total, order.unit_price), ("o-1", 7, None));
/// # Ok::<(), aril::Error>(())
/// ```
///
/// A key is the name of the field, or the text after `as`. Keys that are not
/// fields are skipped. A field that is left out is an error with the code
/// `invalid`, unless it is an `Option`, or has a default after `=`.
#[macro_export]
macro_rules! record {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@absent $at:ident $field:ident) => {
        $crate::Decode::absent().ok_or($crate::DecodeError::new($at, concat!("no key ", stringify!($field))))?
    };
    (@absent $at:ident $field:ident $default:expr) => { $default };
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident $(as $key:literal)?: $type:ty $(= $default:expr)?),* $(,)?
        }
    )+) => {$(
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type),*
        }

        impl $crate::Encode for $name {
            fn encode(&self, w: &mut $crate::Writer) {
                const FIELDS: &[&str] = &[$(stringify!($field)),*];
                w.map(FIELDS.len());
                $(w.text($crate::record!(@key $field $($key)?)).value(&self.$field);)*
            }
        }

        impl $crate::Decode for $name {
            fn decode(r: &mut $crate::Reader<'_>) -> ::core::result::Result<Self, $crate::DecodeError> {
                $(let mut $field: ::core::option::Option<$type> = ::core::option::Option::None;)*
                let _at = r.position();
                r.enter()?;
                for _ in 0..r.map()? {
                    let _key = r.text()?;
                    $(if _key == $crate::record!(@key $field $($key)?) {
                        $field = ::core::option::Option::Some($crate::Decode::decode(r)?);
                        continue;
                    })*
                    r.skip()?;
                }
                r.leave();
                ::core::result::Result::Ok($name {
                    $($field: match $field {
                        ::core::option::Option::Some(v) => v,
                        ::core::option::Option::None => $crate::record!(@absent _at $field $($default)?),
                    }),*
                })
            }
        }
    )+};
}
