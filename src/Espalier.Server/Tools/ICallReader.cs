namespace Espalier.Server.Tools;

/// <summary>Reads what a model wrote where calls stand.</summary>
internal interface ICallReader
{
    /// <summary>The calls of a text that is whole; null where it is anything else.</summary>
    IReadOnlyList<ToolCall>? Read(string text);

    /// <summary>
    /// The calls of a text that was cut before its end: those that are whole, and a last one whose name is, with as much of its arguments
    /// as was written. None where the cut comes before the first name is whole; null where the text is anything else.
    /// </summary>
    IReadOnlyList<ToolCall>? ReadCut(string text);
}
