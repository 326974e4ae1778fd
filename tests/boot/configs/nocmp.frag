# A kernel that traces no comparisons, for a test of the interface. If each object were compiled
# anew for that, it would take as long as all other kernels together. So objects are those of the
# other kernels, and their calls of the hooks that are not there lead to the one for PCs.
# CONFIG_KCOV_ENABLE_COMPARISONS is not set
# For a module there is no such trick.
# CONFIG_DUMMY is not set

# Another test of the boot alone, which needs no kernel of its own: for a while KCOV collects
# without an area, so an interrupt that is traced crashes. With preemption Linux itself does not
# pass it.
CONFIG_KCOV_SELFTEST=y

# make: CFLAGS_KCOV=-fsanitize-coverage=trace-pc$(space)-fsanitize-coverage=trace-cmp
# make: LINK_WRAPS=-Wl,--wrap,malloc,--wrap,free,--wrap,calloc,--defsym,__sanitizer_cov_trace_cmp1=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_cmp2=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_cmp4=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_cmp8=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_const_cmp1=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_const_cmp2=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_const_cmp4=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_const_cmp8=__sanitizer_cov_trace_pc,--defsym,__sanitizer_cov_trace_switch=__sanitizer_cov_trace_pc
