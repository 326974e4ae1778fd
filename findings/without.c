#ifdef __clang__
#define UNTRACED __attribute__((no_sanitize("coverage")))
#else
#define UNTRACED __attribute__((no_sanitize_coverage))
#endif
void log_it(void);
int without(int x) { if (x) log_it(); return x * 3; }
UNTRACED int attribute(int x) { if (x) log_it(); return x * 3; }
