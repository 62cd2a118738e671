// tests/config/pages/manual_page.h - penstock.yaml(5) in docs/man, made from the table of keys (config/read/keys.h).
#pragma once

#include <string>
#include <string_view>

#include "tests/config/pages/page_text.h"

namespace penstock::config::test {

// Text of Markdown in the man(7) language: `code` and **strong** in bold, *emphasis* in italics.
inline std::string in_roff(std::string_view markdown) {
  std::string text;
  std::string_view open;  // the mark that ends the font
  for (size_t i = 0; i < markdown.size(); ++i) {
    const std::string_view rest = markdown.substr(i);
    const bool is_code = open == "`";
    const std::string_view mark = rest.starts_with('`')    ? "`"
                                  : is_code                ? ""
                                  : rest.starts_with("**") ? "**"
                                  : rest.starts_with('*')  ? "*"
                                                           : "";
    if (!mark.empty() && (open.empty() || open == mark)) {
      text += !open.empty() ? "\\fR" : mark == "*" ? "\\fI" : "\\fB";
      open = open.empty() ? mark : "";
      i += mark.size() - 1;
    } else if (const char c = markdown[i]; c == '\\') {
      text += "\\e";
    } else if (c == '-') {
      text += "\\-";
    } else if ((c == '.' || c == '\'') && text.empty()) {
      text += "\\&" + std::string(1, c);
    } else {
      text += c;
    }
  }
  return text;
}

inline std::string as_code(std::string_view text) {
  return in_roff(in_code(text));
}

inline std::string key_in_roff(const Key& key) {
  std::string text = ".TP\n" + as_code(key.name) + "\n" + in_roff(key.meaning) + "\n.br\n";
  text += "Type: " + in_roff(key.type) + (key.unit.empty() ? "" : ", in " + in_roff(key.unit)) + ".\n";
  text += key.fallback.kind == Default::Kind::required ? in_roff("**Required.**")
                                                       : "Default: " + in_roff(default_text(key.fallback)) + ".";
  return text + "\n.br\nExample: " + as_code(key.example) + "\n";
}

inline std::string manual_page() {
  std::string page = ".\\\" Made from config/read/keys.h. Change the table there, then:\n.\\\" ";
  page += kRecipe;
  page +=
      "\n"
      ".TH PENSTOCK.YAML 5 \"2026-11-30\" \"Penstock\" \"File Formats\"\n"
      ".SH NAME\n"
      "penstock.yaml \\- configuration of the DNS forwarder Penstock\n"
      ".SH SYNOPSIS\n"
      ".B /etc/penstock/penstock.yaml\n"
      ".SH DESCRIPTION\n"
      "The file names network ports, the clients that may ask, pools of DNS servers, and the names that each pool "
      "answers.\n"
      "Both\n"
      ".BR penstock\\-dataplane (8)\n"
      "and\n"
      ".BR penstock\\-control (8)\n"
      "read it.\n"
      "It is YAML, at most 64 MiB, without aliases.\n"
      ".B penstockctl check\n"
      ".I FILE\n"
      "says what a file means, or what is wrong with it and where.\n"
      ".PP\n"
      "The smallest file that forwards:\n"
      ".PP\n"
      ".in +4n\n"
      ".EX\n"
      "ports:\n"
      "  \\- {device: \"af_xdp:eth0\"}\n"
      "pools:\n"
      "  vpc: {kind: route53\\-inbound, endpoints: [10.16.1.10, 10.16.2.10]}\n"
      "  office: {kind: recursive, endpoints: [192.168.10.2]}\n"
      "zones:\n"
      "  \\- {zone: studio.us\\-east\\-1.sagemaker.aws, pool: vpc}\n"
      "default: {pool: office}\n"
      ".EE\n"
      ".in\n"
      ".SS Notation\n";
  for (const std::string_view line : kNotation) page += ".IP \\(bu 2\n" + in_roff(line) + "\n";
  for (size_t at = 0; at < kPlaces; ++at) {
    const auto place = static_cast<Place>(at);
    const PlaceText text = text_of(place);
    page += ".SH \"KEYS: " + in_roff(text.path) + "\"\n" + in_roff(text.meaning) + "\n";
    for (const Key& key : keys_of(place)) page += key_in_roff(key);
  }
  page +=
      ".SH FILES\n"
      ".TP\n"
      ".I /usr/share/penstock/penstock.schema.json\n"
      "JSON schema of the file, for editors.\n"
      ".TP\n"
      ".I /var/lib/penstock\n"
      "Copies of the last configuration that was accepted.\n"
      ".SH SEE ALSO\n"
      ".BR penstockctl (8),\n"
      ".BR penstock\\-control (8),\n"
      ".BR penstock\\-dataplane (8)\n";
  return page;
}

}  // namespace penstock::config::test
