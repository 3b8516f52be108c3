# Installs what deploy/packages.txt lists and is missing; says nothing when nothing is.
# Every failure is one line that says what to do, and exit code 3.

package_list=deploy/packages.txt

# listed_packages [part]: the list, and the lines that only the part needs ("(part) name").
listed_packages() {
  sed "s/#.*//; s/[[:space:]]*$//; s/^(${1:-none}) //; /^(/d; /^$/d" "$package_list"
}

# fail_set_up <what happened, and what to do>
fail_set_up() {
  printf 'set-up failed: %s\n' "$*" >&2
  exit 3
}

# missing_packages [part]
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  listed_packages "${1:-}" | while read -r entry; do
    grep -qxF "${entry%%/*}" <<<"$installed" || printf '%s\n' "$entry"
  done
}

# set_up [part]: what ./dev needs, and what the part needs beside it
set_up() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail_set_up "this is not Debian; install the counterparts of what $root/$package_list lists, or use a Debian 12 container"
  local missing
  mapfile -t missing < <(missing_packages "${1:-}")
  if ((${#missing[@]} > 0)); then install_packages "${missing[@]}"; fi
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1  # a fresh clone elsewhere finds what another one compiled
  export CCACHE_SLOPPINESS=pch_defines,time_macros
}

install_packages() {
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail_set_up "$# packages are missing and sudo is not installed; as root run: apt-get install -y $*"
    sudo -n true 2>/dev/null || [[ -t 0 ]] ||
      fail_set_up "$# packages are missing and sudo asks for a password; in a terminal run: sudo apt-get install -y $*"
    as_root=(sudo)
    sudo -v || fail_set_up "sudo refused; as root run: apt-get install -y $*"
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3
    -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30)
  if printf '%s\n' "$@" | grep -q '/bookworm-backports$'; then add_backports; fi
  say "installing $# packages: $*"
  # A source of the user's own that does not answer is no reason to stop: the installation decides.
  one_line_step "package lists" "${apt[@]}" update >/dev/null
  one_line_step "install packages" "${apt[@]}" install -y --no-install-recommends --no-remove "$@" >/dev/null ||
    fail_set_up "$(installation_trouble)"
}

add_backports() {
  apt-cache policy | grep -q 'n=bookworm-backports' && return
  local file=/etc/apt/sources.list.d/posthaste-backports.list
  # From where this machine has Debian 12 itself.
  local server
  server=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n 's/^bookworm //p' | head -n 1)
  [[ -n $server ]] || fail_set_up "apt has no source for Debian 12 (bookworm); add its main suite, then run this again"
  say "adding bookworm-backports to apt's sources ($file)"
  echo "deb $server bookworm-backports main" |
    "${as_root[@]}" tee "$file" >/dev/null || fail_set_up "cannot write $file"
}

# One line for what apt said: the cause, and the mend.
installation_trouble() {
  local said
  said=$(cat "$log_dir"/package-lists.log "$log_dir"/install-packages.log 2>/dev/null)
  case $said in
    *"Packages need to be removed"*)
      echo "apt would have to remove packages of yours (often libboost-dev 1.74, which cannot lie beside libboost1.81-dev); remove them, or use a container" ;;
    *"Could not resolve"* | *"Temporary failure resolving"* | *"Unable to connect"* | *"Connection timed out"* | *"Network is unreachable"* | *"Connection failed"* | *"Could not connect"*)
      echo "no package server answers; check the network and the proxy (apt reads http_proxy), then run this again" ;;
    *"Unable to locate package"* | *"has no installation candidate"*)
      echo "apt does not know $(sed -n "s/.*Unable to locate package //p; s/.*Package '\(.*\)' has no installation candidate.*/\1/p" <<<"$said" | paste -sd' '); add Debian 12's main suite to its sources, then run this again" ;;
    *"Could not get lock"*) echo "another apt is running; wait for it, then run this again" ;;
    *"No space left"* | *"enough free space"*) echo "the disk is full; make room, then run this again" ;;
    *) echo "apt failed; see $root/$log_dir/" ;;
  esac
}
