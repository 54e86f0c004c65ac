import { Kind, Value } from "../index";

/** The same value, made anew of the language's own. */
export function rebuild(v: Value): Value {
  switch (v.kind) {
    case Kind.Nil:
      return Value.nil;
    case Kind.Bool:
      return Value.of(v.as<bool>());
    case Kind.Int:
      return Value.of(v.as<i64>());
    case Kind.Uint:
      return Value.of(v.as<u64>());
    case Kind.Float:
      return v.single ? Value.of(v.as<f32>()) : Value.of(v.as<f64>());
    case Kind.Text:
      return Value.of(v.text);
    case Kind.Bytes:
      return Value.of(v.bytes);
    case Kind.Time:
      return Value.of(v.time);
    case Kind.List: {
      const items = v.items;
      const list = Value.list();
      for (let i = 0; i < items.length; i++) list.push(rebuild(items[i]));
      return list;
    }
    case Kind.Map: {
      const keys = v.keys;
      const items = v.items;
      const map = Value.map();
      for (let i = 0; i < keys.length; i++) if (keys[i].kind != Kind.Text) return v; // to be held alone
      for (let i = 0; i < keys.length; i++) map.set(keys[i].text, rebuild(items[i]));
      return map;
    }
    default:
      return v; // what is opaque can only be held; what failed is given on
  }
}
