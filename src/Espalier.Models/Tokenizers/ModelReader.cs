using Espalier.Models.Tokenizers.Bpe;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Splitting;
using Espalier.Models.Tokenizers.Unigram;
using Espalier.Models.Tokenizers.WordPiece;

namespace Espalier.Models.Tokenizers;

/// <summary>Makes the last step, that of the model, of what tokenizer.json says.</summary>
internal static class ModelReader
{
    private const char Mark = '\u2581';

    /// <summary>The kind's name in the file. Files of before 2020 name none: merges tell BPE, pieces with scores Unigram.</summary>
    public static string NameOf(TokenizerNode model) => model.IsNull ? throw model.Refuse("there is no model.")
        : model["type"].Text(!model["merges"].IsNull ? "BPE" : model["vocab"].IsArray ? "Unigram" : "WordPiece") is var type
            && type == "Unigram" == model["vocab"].IsArray ? type
        : throw model["vocab"].Refuse(type == "Unigram" ? "an array of pieces and scores is needed here." : "an object is needed here.");

    /// <summary>The model's kind, its step, and the id for what it does not know.</summary>
    /// <param name="model">The node.</param>
    /// <param name="words">Its vocabulary.</param>
    /// <param name="splits">What is before it.</param>
    /// <param name="marks">Whether U+2581 stands for the space.</param>
    public static (TokenizerKind Kind, WordStep Last, int? Unknown) Read(TokenizerNode model, VocabularyReader words, PreTokenizers splits,
        bool marks)
    {
        switch (NameOf(model))
        {
            case "BPE":
                return ReadBpe(model, words, splits, marks);
            case "Unigram":
                if (splits.ByteLevel)
                    throw model.Refuse("a Unigram model over bytes is not supported.");
                var unknown = model["unk_id"].IsNull ? (int?)null : model["unk_id"].Natural();
                if (unknown >= words.Pieces.Count)
                    throw model["unk_id"].Refuse($"{unknown} is not the id of any of the {words.Pieces.Count} pieces.");
                return (TokenizerKind.Unigram, new UnigramStep(words.Pieces, unknown, model["byte_fallback"].Flag(false)), unknown);
            case "WordPiece":
                if (splits.ByteLevel)
                    throw model.Refuse("a WordPiece model over bytes is not supported.");
                var id = words.Vocabulary.TryGetValue(model["unk_token"].Text("[UNK]"), out var known) ? known
                    : throw model["unk_token"].Refuse($"'{model["unk_token"].Text("[UNK]")}' is not in the vocabulary.");
                var most = model["max_input_chars_per_word"].IsNull ? 100 : model["max_input_chars_per_word"].Natural();
                var prefix = model["continuing_subword_prefix"].Text("##");
                return (TokenizerKind.WordPiece, new WordPieceStep(words.Vocabulary, prefix, id, most), id);
            case var type:
                throw model.Refuse($"model type '{type}' is not supported; BPE, Unigram and WordPiece are.");
        }
    }

    private static (TokenizerKind, WordStep, int?) ReadBpe(TokenizerNode model, VocabularyReader words, PreTokenizers splits, bool marks)
    {
        if (model["dropout"].Number(0) != 0)
            throw model["dropout"].Refuse("random dropout of merges is not supported; set it to null.");
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model[name].Text("").Length > 0)
                throw model[name].Refuse($"'{model[name].Text()}': markers inside words are not supported.");
        if (model["merges"].IsNull)
            throw model["merges"].Refuse("an array is needed here, not null.");
        var unknown = UnknownId(model["unk_token"], words.Vocabulary, splits.ByteLevel);
        var options = new BpeOptions
        {
            Vocabulary = words.Vocabulary,
            Merges = words.Table,
            ByteLevel = splits is { ByteLevel: true, WritesAlphabet: false },
            IgnoreMerges = model["ignore_merges"].Flag(false),
            ByteFallback = model["byte_fallback"].Flag(false),
            FuseUnknown = model["fuse_unk"].Flag(false),
            UnknownId = unknown,
        };
        WordStep last = new BpeStep(options);
        if (!splits.ByteLevel && !options.IgnoreMerges && words.Vocabulary.ContainsKey(Mark.ToString())
            && !words.Merges.Exists(MergesAcrossMark))
            last = new MarkBoundaryStep(Mark, last);
        return (splits.ByteLevel ? TokenizerKind.ByteLevelBpe : marks ? TokenizerKind.MetaspaceBpe : TokenizerKind.WordBpe, last, unknown);
    }

    private static int? UnknownId(TokenizerNode node, Dictionary<string, int> vocabulary, bool byteLevel)
    {
        if (node.IsNull)
            return null;
        if (vocabulary.TryGetValue(node.Text(), out var id))
            return id;
        // Where every byte is a token, nothing can be unknown and the name does not matter.
        if (byteLevel && Enumerable.Range(0, 256).All(value => vocabulary.ContainsKey(ByteAlphabet.ToCharacter((byte)value).ToString())))
            return null;
        throw node.Refuse($"'{node.Text()}' is not in the vocabulary.");
    }

    private static bool MergesAcrossMark((string Left, string Right) merge)
    {
        var token = merge.Left + merge.Right;
        return token.AsSpan().TrimStart(Mark).Contains(Mark);
    }
}
