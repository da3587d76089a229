using System.CommandLine;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>
/// An option that no recipe has as a key: its values are written, read and refused as those of keys are. Null where it is not given and has
/// no default.
/// </summary>
internal class ValueOption<T> : Option<string> where T : notnull
{
    private readonly Kind<T> _kind;

    /// <param name="name">Its name, with dashes.</param>
    /// <param name="kind">How its values are written, and their limits.</param>
    /// <param name="description">What it is.</param>
    /// <param name="byDefault">The value where none is given.</param>
    internal ValueOption(string name, Kind<T> kind, string description, T byDefault) : this(name, kind, description) =>
        DefaultValueFactory = _ => Kinds.Shown(kind.Write(byDefault));

    /// <inheritdoc cref="ValueOption{T}(string, Kind{T}, string, T)"/>
    internal ValueOption(string name, Kind<T> kind, string description) : base(name)
    {
        _kind = kind;
        (Description, HelpName) = (description, kind.HelpName);
        Validators.Add(result =>
        {
            try
            {
                if (result.Tokens is [var given])
                    _ = Parse(given.Value);
            }
            catch (EspalierException error)
            {
                result.AddError(error.Message);
            }
        });
    }

    /// <summary>The value of a text that the parser took.</summary>
    internal T Parse(string text) => _kind.OfOption(Name.TrimStart('-'), text);
}
