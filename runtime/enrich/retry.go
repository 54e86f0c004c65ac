package enrich

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// codeTaskFailed is the code of a task that failed, as error boundaries name it.
const codeTaskFailed = "Task:400011"

// bounded runs the task under its error boundary.
func (r *taskRun) bounded(ctx context.Context) (*TaskResponse, error) {
	for try := 1; ; try++ {
		resp, err := r.run(ctx)
		if err == nil && resp.IsSuccess {
			return resp, nil
		}
		kind, message := "TaskFailed", ""
		if err != nil {
			message = err.Error()
		} else {
			message = resp.ErrorMessage
		}
		if err != nil && errors.Is(err, context.DeadlineExceeded) || resp != nil && resp.Metadata["Cancelled"] == true {
			kind = "Timeout"
		}
		code := codeTaskFailed
		if resp != nil && resp.StatusCode != 0 {
			code = itoa(resp.StatusCode)
		}
		rule, ok := ruleFor(kind, code, r.extension.boundary, r.task.boundary)
		if !ok || ctx.Err() != nil {
			return resp, err
		}
		action := rule.action
		if rule.logOnly {
			action = actionLog
		}
		switch action {
		case actionRetry:
			if try <= rule.retry.max && pause(ctx, rule.retry.delay(try)) {
				continue
			}
			return resp, orError(err, message)
		case actionAbort, actionRollback:
			return resp, orError(err, message)
		case actionNotify:
			r.enricher.config.Logger.LogAttrs(ctx, slog.LevelWarn, "task failed", slog.String("extension", r.extension.Key), slog.String("task", r.task.Key), slog.String("error", message))
		case actionLog:
			r.enricher.config.Logger.LogAttrs(ctx, slog.LevelInfo, "task failed", slog.String("extension", r.extension.Key), slog.String("task", r.task.Key), slog.String("error", message))
		}
		if resp == nil { // it could not begin, and is to be ignored
			resp = failedResponse(message, nil)
		}
		return resp, nil
	}
}

// orError gives the failure of a response as an error.
func orError(err error, message string) error {
	if err == nil {
		err = errors.New(message)
	}
	return err
}

// pause waits, or reports that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
