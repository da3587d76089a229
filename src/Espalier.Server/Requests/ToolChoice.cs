namespace Espalier.Server.Requests;

/// <summary>Calls that an answer must have.</summary>
/// <param name="Name">The function; null for whichever the model chooses.</param>
/// <param name="IsOne">Whether there is exactly one; else one or more.</param>
internal sealed record ToolChoice(string? Name, bool IsOne);
