// One engine serves every script, so it imports what any script may use. The
// modules named here need not be granted: their functions then answer DENIED.
__asm__(".section .custom_section.aril.optional,\"\",@\n"
		".ascii \"aril_log_v1\\naril_clock_v1\\naril_random_v1\\naril_state_v1\\naril_dynamic_v1\\nwasi_snapshot_preview1\\nenv\"\n");
