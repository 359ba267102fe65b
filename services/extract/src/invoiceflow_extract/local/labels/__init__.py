"""The words invoices use, one YAML file a language.

To teach the engine a word, add it to the list it belongs to in the language's file;
case, accents, spaces and punctuation do not matter. A new language is a new file with the same keys.
"""
