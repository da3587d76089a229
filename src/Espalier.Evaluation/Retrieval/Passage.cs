namespace Espalier.Evaluation.Retrieval;

/// <summary>A piece of text that questions are answered from.</summary>
/// <param name="Id">Its name; unique in a retrieval set, empty where a question brings its own passages.</param>
/// <param name="Title">Its title; may be empty.</param>
internal sealed record Passage(string Id, string Title, string Text);
