#!/usr/bin/env bash
# The programs that run the integration page's recipes in their tests: PHP and nginx, from Debian where they are missing.
# Building and running Tallystick needs neither. Where they cannot be installed, the tests of those recipes say that they
# are skipped, and everything goes on. Prints what there is.
. "$(dirname "$0")/environment.sh"

# nginx is at home in a folder that not every user's PATH has.
PATH="$PATH:/usr/sbin"
missing=()
command -v php >/dev/null || missing+=(php-cli)
command -v nginx >/dev/null || missing+=(nginx-light)
if [ ${#missing[@]} -gt 0 ]; then
    # In a shell of its own: a failure ends that one alone.
    (install_packages "what the recipes of the integration page run on" "${missing[@]}") ||
        say "going on without ${missing[*]}: the recipes that need them are not tested"
fi
php=$(php -r 'echo "PHP ", PHP_VERSION;' 2>/dev/null || echo "no PHP")
nginx=$(nginx -v 2>&1 | sed -n 's|.*nginx/|nginx |p')
echo "$php, ${nginx:-no nginx}"
