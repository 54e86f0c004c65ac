package wasm

// Caps bounds what Parse accepts, and so what it allocates. Zero means the
// default written beside the field.
type Caps struct {
	ModuleBytes     int // 16 MiB: the whole file
	Types           int // 10,000
	Params          int // 128 of one type
	Results         int // 16 of one type
	Functions       int // 100,000 defined in the module
	Imports         int // 10,000
	Exports         int // 10,000
	Tables          int // 100
	Globals         int // 10,000
	ElementSegments int // 10,000
	ElementEntries  int // 65,536 in all segments together
	DataSegments    int // 200,000
	Locals          int // 50,000 of one function, parameters included
	LocalsTotal     int // 1,000,000 of all functions together, parameters included
	BodyBytes       int // 1 MiB: one function's body
	NameBytes       int // 1,024: one import, export or custom section name
	CustomSections  int // 1,000
}

func (c Caps) withDefaults() Caps {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&c.ModuleBytes, 16 << 20},
		{&c.Types, 10_000},
		{&c.Params, 128},
		{&c.Results, 16},
		{&c.Functions, 100_000},
		{&c.Imports, 10_000},
		{&c.Exports, 10_000},
		{&c.Tables, 100},
		{&c.Globals, 10_000},
		{&c.ElementSegments, 10_000},
		{&c.ElementEntries, 65_536},
		{&c.DataSegments, 200_000},
		{&c.Locals, 50_000},
		{&c.LocalsTotal, 1_000_000},
		{&c.BodyBytes, 1 << 20},
		{&c.NameBytes, 1_024},
		{&c.CustomSections, 1_000},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return c
}
