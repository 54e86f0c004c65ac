package query

import "slices"

// A Column is what instances have beside their attributes, as clients write it.
type Column string

// The columns, and Attributes, which stands before a path.
const (
	ID          Column = "id"
	Key         Column = "key"
	State       Column = "state"
	Status      Column = "status"
	FlowVersion Column = "flowVersion"
	Tags        Column = "tags"
	CreatedAt   Column = "createdAt"
	ModifiedAt  Column = "modifiedAt"
	CompletedAt Column = "completedAt"
	CreatedBy   Column = "createdBy"
	ModifiedBy  Column = "modifiedBy"
	ETag        Column = "etag"
	Attributes  Column = "attributes"
)

// currentState is what State is called in answers.
const currentState = "currentState"

var columns = []Column{ID, Key, State, Status, FlowVersion, Tags, CreatedAt, ModifiedAt, CompletedAt, CreatedBy, ModifiedBy, ETag}

// Columns are the names that a filter may use, attributes last.
func Columns() []string {
	return columnNames(columns)
}

// sortable are the columns that have one value.
func sortable() []string {
	return columnNames(slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return c == Tags }))
}

func columnNames(from []Column) []string {
	var names []string
	for _, c := range from {
		names = append(names, string(c))
		if c == State {
			names = append(names, currentState)
		}
	}
	return append(names, string(Attributes)+".…")
}

// Holds is the kind of a column's values.
func (c Column) Holds() Kind {
	switch c {
	case CreatedAt, ModifiedAt, CompletedAt:
		return Time
	}
	return Text
}

func column(name string) (Column, bool) {
	if name == currentState {
		return State, true
	}
	c := Column(name)
	return c, slices.Contains(columns, c)
}
