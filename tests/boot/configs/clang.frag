# Built by the newest Clang that Debian 12 has.
# cc: clang-19
