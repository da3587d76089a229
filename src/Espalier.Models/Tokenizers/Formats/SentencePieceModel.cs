namespace Espalier.Models.Tokenizers.Formats;

/// <summary>What a piece is; the numbers are SentencePiece's.</summary>
internal enum PieceType
{
    /// <summary>A piece of text.</summary>
    Normal = 1,

    /// <summary>Stands for what no piece has.</summary>
    Unknown = 2,

    /// <summary>A control token, never found in text.</summary>
    Control = 3,

    /// <summary>Taken from the text before the model sees it.</summary>
    UserDefined = 4,

    /// <summary>Never used.</summary>
    Unused = 5,

    /// <summary>One byte.</summary>
    Byte = 6,
}

/// <summary>A model of SentencePiece (sentencepiece_model.proto).</summary>
internal sealed class SentencePieceModel
{
    private const int UnigramNumber = 1, BpeNumber = 2;

    private SentencePieceModel()
    {
    }

    public List<(string Text, float Score, PieceType Type)> Pieces { get; } = [];

    /// <summary>Whether pieces have scores of which the likeliest row is taken; else they are merged, the highest score first.</summary>
    public bool IsUnigram { get; private set; } = true;

    /// <summary>Whether what is unknown is written in bytes.</summary>
    public bool ByteFallback { get; private set; }

    public int UnknownId { get; private set; }

    public string UnknownPiece { get; private set; } = "<unk>";

    /// <summary>BOS, where the model has one.</summary>
    public string? BosPiece => _bosId >= 0 ? _bosPiece : null;

    /// <summary>EOS, where the model has one.</summary>
    public string? EosPiece => _eosId >= 0 ? _eosPiece : null;

    /// <summary>Compiled rules that rewrite the text; empty for none.</summary>
    public byte[] Rules { get; private set; } = [];

    /// <summary>Whether a space is put before the text.</summary>
    public bool AddsPrefix { get; private set; } = true;

    /// <summary>Whether spaces at both ends go, and those in a row become one.</summary>
    public bool RemovesSpaces { get; private set; } = true;

    private int _bosId = 1, _eosId = 2;
    private string _bosPiece = "<s>", _eosPiece = "</s>";

    /// <summary>Reads a file.</summary>
    /// <exception cref="EspalierException">It is damaged, or its model is of another kind than Unigram and BPE.</exception>
    public static SentencePieceModel Read(string path)
    {
        var model = new SentencePieceModel();
        var reader = new ProtobufReader(SmallFile.ReadBytes(path, TokenizerFile.LongestFile), path);
        while (reader.Read())
            if (reader.Field == 1)
                model.Pieces.Add(Piece(reader.Bytes, path));
            else if (reader.Field == 2)
                model.ReadTrainer(reader.Bytes, path);
            else if (reader.Field == 3)
                model.ReadNormalizer(reader.Bytes, path);
        if (model.Pieces.Count == 0)
            throw ProtobufReader.NoModel(path);
        if (model.UnknownId < 0 || model.UnknownId >= model.Pieces.Count)
            throw new EspalierException($"{path}: the unknown piece has id {model.UnknownId}, but there are {model.Pieces.Count} pieces");
        return model;
    }

    private static (string, float, PieceType) Piece(ReadOnlySpan<byte> bytes, string path)
    {
        var (text, score, type) = ("", 0f, PieceType.Normal);
        var reader = new ProtobufReader(bytes, path);
        while (reader.Read())
            switch (reader.Field)
            {
                case 1:
                    text = reader.Text();
                    break;
                case 2:
                    score = reader.Float();
                    break;
                case 3:
                    type = (PieceType)reader.Number;
                    break;
            }
        return (text, score, type);
    }

    private void ReadTrainer(ReadOnlySpan<byte> bytes, string path)
    {
        var reader = new ProtobufReader(bytes, path);
        while (reader.Read())
            switch (reader.Field)
            {
                case 3:
                    IsUnigram = reader.Number == UnigramNumber;
                    if (reader.Number is not (UnigramNumber or BpeNumber))
                        throw new EspalierException(
                            $"{path}: its model has whole words or characters, which is not supported; Unigram and BPE are");
                    break;
                case 35:
                    ByteFallback = reader.Number != 0;
                    break;
                case 40:
                    UnknownId = (int)reader.Number;
                    break;
                case 41:
                    _bosId = (int)reader.Number;
                    break;
                case 42:
                    _eosId = (int)reader.Number;
                    break;
                case 45:
                    UnknownPiece = reader.Text();
                    break;
                case 46:
                    _bosPiece = reader.Text();
                    break;
                case 47:
                    _eosPiece = reader.Text();
                    break;
                case 24 when reader.Number != 0:
                    throw new EspalierException(
                        $"{path}: it writes spaces after words (treat_whitespace_as_suffix), which is not supported");
            }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> bytes, string path)
    {
        var reader = new ProtobufReader(bytes, path);
        while (reader.Read())
            switch (reader.Field)
            {
                case 2:
                    Rules = reader.Bytes.ToArray();
                    break;
                case 3:
                    AddsPrefix = reader.Number != 0;
                    break;
                case 4:
                    RemovesSpaces = reader.Number != 0;
                    break;
                case 5 when reader.Number == 0:
                    throw new EspalierException(
                        $"{path}: it keeps spaces as they are (escape_whitespaces is false), which is not supported");
            }
    }
}
