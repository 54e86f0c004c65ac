package runtime

import (
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// mayAnswer reports whether the extension has a power that an outcome of this
// kind may need. Which one a wrap's needs is looked at when it is done; an
// error passed back as it was needs none. Who sends an event knows what its
// answer needs.
func (a *activation) mayAnswer(kind uint32) bool {
	return a.act.Phase() != sandbox.PhaseWrap || a.powers()&(ChangeResult|Skip) != 0 ||
		kind == names.OutcomeError && a.nexts > 0 && a.frame.lastErr() != nil
}

// rejection is the status for a message that was not taken.
func rejection(err error) abi.Status {
	if errors.Is(err, codec.ErrStale) {
		return abi.Stale
	}
	return abi.Invalid
}

// answerWithValue decodes a VALUE outcome.
func (a *activation) answerWithValue(src []byte) error {
	l := a.guest.codecLimits(a.guest.limits.ResultBytes)
	if a.act.Phase() != sandbox.PhaseWrap {
		v, err := codec.DecodeAs(src, a.answerType, a.answerBase, &a.values.handles, l)
		if err != nil {
			kind := ErrABI
			if a.answerType != nil {
				kind = unfit(err)
			}
			return fmt.Errorf("%w: outcome: %w", kind, err)
		}
		a.answer, a.answerValue = answerValue, v
		return nil
	}
	if err := a.frame.stageResult(src, &a.values.handles, l); err != nil {
		return fmt.Errorf("%w: result of operation %q: %w", unfit(err), quoteName(a.op.Name), err)
	}
	a.answer, a.changed = answerValue, true
	return nil
}

// unfit says what is wrong with a value that did not decode: the message
// itself, or that it is of another type than is wanted.
func unfit(err error) error {
	if errors.Is(err, abi.ErrMalformed) || errors.Is(err, abi.ErrOverLimit) || errors.Is(err, codec.ErrStale) {
		return ErrABI
	}
	return ErrType
}

// answerWithError decodes an ERROR outcome. One that carries the handle of a
// host error and says the same is that very error.
func (a *activation) answerWithError(src []byte) error {
	msg, err := abi.DecodeError(src)
	if err != nil {
		return fmt.Errorf("%w: outcome: %w", ErrABI, err)
	}
	if shown, ok := a.values.shown(msg.Handle); ok && shown.next >= 0 && shown.says(msg) {
		a.answer, a.answerIndex = answerNext, shown.next
		a.changed = a.changed || shown.next != a.nexts-1
		return nil
	}
	made, err := a.values.goError(msg, a.guest.codecLimits(a.guest.limits.ResultBytes))
	if err != nil {
		return err
	}
	a.answer, a.answerErr, a.changed = answerError, made, true
	return nil
}
