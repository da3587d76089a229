using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Tokenizers;

/// <summary>A token that is cut out of the text before the model sees it (control tokens, tool marks, ...).</summary>
internal sealed record AddedToken
{
    public required int Id { get; init; }

    /// <summary>Its text as written in the file.</summary>
    public required string Content { get; init; }

    /// <summary>Taken only where no word character stands beside it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Swallows the white space before it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Swallows the white space after it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Searched in the normalised text, its content normalised too; otherwise searched in the raw text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Left out when decoding skips special tokens.</summary>
    public bool Special { get; init; }

    /// <summary>Reads all but the id, which not every file has in the same place.</summary>
    public static AddedToken Read(TokenizerNode node)
    {
        var special = node["special"].Flag(false);
        return new()
        {
            Id = 0,
            Content = node["content"].Text(),
            SingleWord = node["single_word"].Flag(false),
            LeftStrip = node["lstrip"].Flag(false),
            RightStrip = node["rstrip"].Flag(false),
            Normalized = node["normalized"].Flag(!special),
            Special = special,
        };
    }
}
