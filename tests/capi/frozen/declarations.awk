# Preprocessed C on standard input, on one line: prints one line for each thing that programs are built on,
# with its place where that matters. A newer header must have them all.
#   struct NAME 0 uint32_t struct_size    the members, counted
#   struct NAME end 5                     only where there is no size in it, so that none may be appended
#   enum NAME = VALUE
#   typedef ..., function ...             as they are declared
function trimmed(text) {
  gsub(/[ \t]+/, " ", text)
  sub(/^ /, "", text)
  sub(/ $/, "", text)
  return text
}
function tell_struct(body, name,    members, count, i) {
  count = split(body, members, ";")
  for (i = 1; i < count; ++i) print "struct " name " " i - 1 " " trimmed(members[i])
  if (trimmed(members[1]) != "uint32_t struct_size") print "struct " name " end " count - 1
}
function tell_enum(body,    values, count, i) {
  count = split(body, values, ",")
  for (i = 1; i <= count; ++i) if (trimmed(values[i]) != "") print "enum " trimmed(values[i])
}
# A whole declaration, without its semicolon.
function tell(declaration,    body, name) {
  declaration = trimmed(declaration)
  if (declaration !~ /chatterbox_|CHATTERBOX_/) return
  body = declaration
  sub(/^[^{]*{/, "", body)
  sub(/}[^}]*$/, "", body)
  name = declaration
  sub(/^.*} */, "", name)
  if (declaration ~ /^typedef struct [a-z_]+ {/) tell_struct(body, name)
  else if (declaration ~ /^enum {/) tell_enum(body)
  else print (declaration ~ /^typedef/ ? "" : "function ") declaration
}
{
  depth = 0
  declaration = ""
  for (i = 1; i <= length($0); ++i) {
    letter = substr($0, i, 1)
    if (letter == "{") ++depth
    if (letter == "}") --depth
    if (letter == ";" && depth == 0) {
      tell(declaration)
      declaration = ""
    } else {
      declaration = declaration letter
    }
  }
}
