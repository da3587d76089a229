namespace Espalier.Cli.Interface;

/// <summary>What help, completion and the JSON form of the command line say of a command beyond what the parser knows.</summary>
internal interface IDescribedCommand
{
    /// <summary>The heading below which help lists it.</summary>
    string Group { get; }

    /// <summary>Complete command lines that work as they stand.</summary>
    IReadOnlyList<string> Examples { get; }
}
