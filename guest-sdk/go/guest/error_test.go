package guest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func TestErrorsAreMatchedByCodeAndThroughWrapping(t *testing.T) {
	t.Parallel()
	inner := guest.NewError("sold_out", "none left")
	inner.Retryable = true
	for _, err := range []error{inner, fmt.Errorf("x: %w", inner), errors.Join(errors.New("y"), fmt.Errorf("x: %w", inner))} {
		require.Equal(t, "sold_out", guest.Code(err))
		require.True(t, guest.Retryable(err))
		require.ErrorIs(t, err, &guest.Error{Code: "sold_out"})
		require.NotErrorIs(t, err, &guest.Error{Code: "other"})
		require.NotErrorIs(t, err, guest.ErrCanceled)
	}
	require.ErrorIs(t, &guest.Error{Kind: "canceled"}, guest.ErrCanceled)
	require.Equal(t, "", guest.Code(nil))
	require.Equal(t, "error", guest.Code(errors.New("x")))
	require.Equal(t, "limit", guest.Code(fmt.Errorf("x: %w", guest.ErrLimit)))
	require.True(t, guest.Retryable(fmt.Errorf("x: %w", guest.ErrBusy)))
	require.False(t, guest.Retryable(guest.ErrLimit))
	require.False(t, guest.Retryable(nil))
	require.Equal(t, "status_99", guest.Status(99).Code())
}

func TestAnErrorsTextHasItsCauseOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("timeout")
	require.Equal(t, "no stock: timeout", guest.NewError("c", "no stock").Wrap(cause).Error())
	require.Equal(t, "no stock: timeout", guest.NewError("c", "no stock: timeout").Wrap(cause).Error())
	require.Equal(t, "c", guest.NewError("c", "").Error())
	require.ErrorIs(t, guest.NewError("c", "m").Wrap(cause), cause)
}
